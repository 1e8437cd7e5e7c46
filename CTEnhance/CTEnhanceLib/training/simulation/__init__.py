"""Training pairs made on the fly: thick slices simulated from patches of thin volumes."""
