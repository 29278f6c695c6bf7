"""Checking: do these numbers follow from this formula? Decided on rationals."""
