"""The training loop of networks: windows, augmentation, losses, fit."""
