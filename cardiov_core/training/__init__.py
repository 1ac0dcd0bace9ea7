"""Training: recipes, augmentation, the two stages, cross-validation, weights with their card; and the delineator's."""

from cardiov_core.training.ablation import Ablation, ablate
from cardiov_core.training.blend_recipe import BlendRecipe
from cardiov_core.training.blend_run import train_blend
from cardiov_core.training.delineator import DelineatorRecipe, train_delineator
from cardiov_core.training.forest_recipe import ForestRecipe
from cardiov_core.training.forest_run import train_forest
from cardiov_core.training.recipe import Recipe
from cardiov_core.training.recipe_file import list_recipes, load_recipe
from cardiov_core.training.run import TrainingResult, train

__all__ = [
    "Ablation",
    "BlendRecipe",
    "DelineatorRecipe",
    "ForestRecipe",
    "Recipe",
    "TrainingResult",
    "ablate",
    "list_recipes",
    "load_recipe",
    "train",
    "train_blend",
    "train_delineator",
    "train_forest",
]
