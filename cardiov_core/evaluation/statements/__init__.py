"""How good a network is at many statements at once: the figures of the benchmark and of the two challenges."""
