"""How good a grader is: figures with intervals, and studies of whole folds."""
