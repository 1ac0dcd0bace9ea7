"""XML of carts: guarded, and made plain or read here."""
