"""Slices that were not measured but interpolated from others."""
