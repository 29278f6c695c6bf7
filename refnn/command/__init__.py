"""The command line: what it reads, what each command does, and what it prints."""
