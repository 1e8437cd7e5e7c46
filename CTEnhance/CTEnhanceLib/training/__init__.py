"""Pairs, losses, loop and configuration of the conditional GAN training."""
