"""People who sign in: the door of every page, and the clock that signs out a screen left alone."""
