"""One thin volume out of several measured series of one scan: which belong together, and what agrees with all."""
