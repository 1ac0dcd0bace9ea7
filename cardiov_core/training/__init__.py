"""Training: recipes, augmentation, the two stages, cross-validation, weights with their card."""

from cardiov_core.training.recipe import Recipe, list_recipes, load_recipe
from cardiov_core.training.run import TrainingResult, train

__all__ = ["Recipe", "TrainingResult", "list_recipes", "load_recipe", "train"]
