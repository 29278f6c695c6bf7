"""Worksheets and assignments: handed out, collected, marked."""
