"""What a CT volume is: geometry, intensity scale, slice profile, slice map, wrist phantom."""
