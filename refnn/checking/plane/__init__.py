"""The geometry of (W, B): where a pair prints given codes, and why none does."""
