"""The graders: what they share, the network, the forest on measurements, the blend, and loading one by name."""
