"""An evaluation of whole folds: figures, cases, comparison with another grader."""
