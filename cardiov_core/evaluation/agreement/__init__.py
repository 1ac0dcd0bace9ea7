"""Agreement of readers, labels and graders: formulas, estimates, tables."""
