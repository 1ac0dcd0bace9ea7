"""The ECG on screen: paper, lead layout, boundaries, calipers, attention, display filter."""
