"""The values of the review: cases and their reads, the terms of a study, alerts of critical values."""
