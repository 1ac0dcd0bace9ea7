"""Heart beats: where they are, what they look like on average, their rhythm and pacing spikes."""
