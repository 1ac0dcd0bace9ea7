"""Blocks that several families of networks share."""
