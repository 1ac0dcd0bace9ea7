"""Checks of graders: scope, external validation, explanation, reasons, ablation."""
