"""Whether everything that a run needs is there, and how it gets there."""
