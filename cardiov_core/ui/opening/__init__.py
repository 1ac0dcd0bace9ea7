"""How an ECG comes onto the Analyze page, and what a reader says of it there."""
