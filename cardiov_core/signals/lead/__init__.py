"""A lead's faults: flat, noisy, swapped, contradictory, wrong gain."""
