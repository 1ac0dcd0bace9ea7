"""The head of the Analyse page: one glance, and the evidence behind it."""
