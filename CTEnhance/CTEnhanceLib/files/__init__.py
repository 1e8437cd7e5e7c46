"""Volumes on disk, progress lines and cancellation."""
