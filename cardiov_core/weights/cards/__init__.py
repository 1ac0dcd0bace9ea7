"""Model cards: the document that is read and written, its parts, the figures in it."""
