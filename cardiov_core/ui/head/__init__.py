"""The head of the Analyze page: one glance, and the evidence behind it."""
