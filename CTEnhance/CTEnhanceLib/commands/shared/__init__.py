"""What several commands have in common: which series they read, what they write."""
