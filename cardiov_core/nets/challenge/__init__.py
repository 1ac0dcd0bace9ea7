"""The networks of two entries to the challenges of PhysioNet and Computing in Cardiology, 2020 and 2021."""
