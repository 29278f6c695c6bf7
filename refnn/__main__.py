"""This module runs the command line when Python is called as `python -m refnn`."""

from refnn.command.cli import run

if __name__ == "__main__":
    run()
