"""Waves of a beat: their boundaries, form and voltages."""
