"""What CardioV examines of itself: signals and graders on records with known answers."""
