"""The programming assignments, one file each: prose, solutions between marks, and checks."""
