"""The catalogue: formulas, slips, published vectors, and who prints a given result."""
