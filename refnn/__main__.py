"""This module runs the command line when Python is called as `python -m refnn`."""

import os
import sys


def _folder_last():
    """Move the current folder to the end of the path of imports.

    Python puts it first. There, a file of the user called json.py would replace Python's own json.
    """
    if sys.path and sys.path[0] in ("", os.getcwd()):
        sys.path.append(sys.path.pop(0))


if __name__ == "__main__":
    _folder_last()
    from refnn.command.cli import run

    run()
