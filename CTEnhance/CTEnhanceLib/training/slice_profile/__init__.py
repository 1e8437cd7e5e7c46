"""Fitting the network that estimates the slice profile."""
