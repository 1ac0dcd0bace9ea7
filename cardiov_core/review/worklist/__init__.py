"""The owner's worklist: its filter, its pages, and who is given which case."""
