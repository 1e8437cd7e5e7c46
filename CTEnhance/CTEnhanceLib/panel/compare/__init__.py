"""The section that compares measured and computed volume."""
