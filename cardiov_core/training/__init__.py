"""Training: recipes, augmentation, the two stages, cross-validation, weights with their card; and the delineator's."""

from cardiov_core.training.delineator.train import DelineatorRecipe, train_delineator
from cardiov_core.training.graders.blend import train_blend
from cardiov_core.training.graders.network import train
from cardiov_core.training.graders.statements import train_statements
from cardiov_core.training.graders.trees import train_trees
from cardiov_core.training.graders.trunk import TrainingResult
from cardiov_core.training.recipes.blend import BlendRecipe
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.training.recipes.files import list_recipes, load_recipe
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.training.recipes.network import Recipe

__all__ = [
    "BlendRecipe",
    "BoostingRecipe",
    "DelineatorRecipe",
    "ForestRecipe",
    "Recipe",
    "TrainingResult",
    "list_recipes",
    "load_recipe",
    "train",
    "train_blend",
    "train_delineator",
    "train_statements",
    "train_trees",
]
