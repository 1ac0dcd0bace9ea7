"""How an ECG comes onto the Analyse page, and what a reader says of it there."""
