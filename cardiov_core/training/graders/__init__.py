"""The three trainings: network, forest, blend."""
