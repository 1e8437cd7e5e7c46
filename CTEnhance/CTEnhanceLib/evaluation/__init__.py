"""Metrics, tables, plots and the blinded reading study."""
