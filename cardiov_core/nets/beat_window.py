"""What the delineator is fed and asked, in numbers and names that need no PyTorch."""

RATE_HZ = 250.0
"""Rate of the beats that the network is fed."""

SAMPLES_BEFORE_R = 128
"""Samples before the R peak: 0.512 s, room for a PR interval of 0.4 s."""

SAMPLES = 320
"""Samples of a beat, 1.28 s; a multiple of 16, because the network halves the rate four times."""

BOUNDARIES: tuple[str, ...] = ("p onset", "p offset", "qrs onset", "qrs offset", "t onset", "t offset")
"""What each of the six distributions of a lead is about."""

WAVES: tuple[str, ...] = ("p", "qrs", "t")
"""What each of the three presence logits of a lead is about."""
