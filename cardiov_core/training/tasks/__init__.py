"""Trainings of networks on the tasks of the benchmark and of the challenges, with figures beside the weights."""
