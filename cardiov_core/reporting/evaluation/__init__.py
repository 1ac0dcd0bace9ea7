"""Evaluations and agreement: words, figures, Markdown and HTML."""
