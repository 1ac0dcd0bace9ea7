"""The head of an ECG as on a cart's print, in words."""
