"""How far a probability can be trusted: calibration, prediction sets, reliability, scope."""
