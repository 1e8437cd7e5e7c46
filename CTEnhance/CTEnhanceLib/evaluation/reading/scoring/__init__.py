"""Figures of a blinded reading: grades, preferences, agreement; as tables and pictures."""
