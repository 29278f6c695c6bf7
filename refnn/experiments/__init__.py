"""Experiments: a file per claim; compute() gives data over seeds, draw() its figure."""
