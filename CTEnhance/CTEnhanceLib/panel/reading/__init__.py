"""The panel's section "Reading study": make a study, read it, score it."""
