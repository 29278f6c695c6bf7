"""python -m refnn"""

from refnn.cli import run

if __name__ == "__main__":
    run()
