"""Records for training: labelled sources, split, cache, teaching signals."""
