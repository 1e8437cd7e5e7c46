"""Training and calibration of the uncertainty network on the errors of a finished model."""
