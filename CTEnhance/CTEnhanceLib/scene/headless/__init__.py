"""The same views without a desktop, on the slicer-core package."""
