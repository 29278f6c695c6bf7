"""Pruning (剪枝): §3.2 of the article as written, and what the field does."""
