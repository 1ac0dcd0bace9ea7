"""Model cards: what a grader's card says and how its figures are made."""
