"""U-Net generators, PatchGAN discriminator, the stack, and the model folder on disk."""
