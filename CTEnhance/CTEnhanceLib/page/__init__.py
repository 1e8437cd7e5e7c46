"""Pages to keep: self-contained HTML that prints to a sheet or two, made without matplotlib (Slicer has none)."""
