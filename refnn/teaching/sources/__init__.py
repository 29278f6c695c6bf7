"""The programming assignments, one file each: prose, solutions between the two marks, and where the checks stand."""
