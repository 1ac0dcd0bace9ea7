"""Commands of studies of networks."""
