"""The measures: one file for each question asked of a volume."""
