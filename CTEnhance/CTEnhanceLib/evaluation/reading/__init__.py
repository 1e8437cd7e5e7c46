"""The blinded reading: plan, sheets, score."""
