"""Commands that examine CardioV itself: one module a command."""
