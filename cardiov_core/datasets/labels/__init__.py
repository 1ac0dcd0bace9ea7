"""What records are labelled with, task by task."""
