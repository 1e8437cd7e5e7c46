"""What a training run draws its pairs from."""
