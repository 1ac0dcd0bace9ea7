"""Training: recipes, augmentation, the two stages, cross-validation, weights with their card."""
