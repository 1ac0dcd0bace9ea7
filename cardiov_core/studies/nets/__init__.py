"""Studies of networks beside each other."""
