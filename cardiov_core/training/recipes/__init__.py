"""Recipes: what a training does, as data."""
