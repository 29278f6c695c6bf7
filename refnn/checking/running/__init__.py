"""Running somebody's code with limits, and describing how it behaves."""
