"""Evaluations and agreement told: words, figures, Markdown and HTML."""
