"""The fracture study: which gaps and steps of bone survive thick slices and their enhancement, and which are invented.

Gaps and steps of known size are cut into thin bone at places of their own, the thin volume is thickened, and each
method's thin slices are measured at the same places. Thresholds are fixed beforehand on intact bone.
"""
