"""python -m refnn"""

from refnn.command.cli import run

if __name__ == "__main__":
    run()
