"""Blind reading: the read itself, the queue that it comes from, and what a reader may not have seen."""
