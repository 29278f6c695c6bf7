"""The kinds of claims that a worked example can make, and what judges each."""
