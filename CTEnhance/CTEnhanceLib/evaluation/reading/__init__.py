"""The blinded reading: study file, plan, blinded images, answers on disk, sheets."""
