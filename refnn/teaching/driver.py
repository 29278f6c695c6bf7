"""Run the cells and functions of a submission in a process of its own.

`mark_notebook` sends the text of this file to that process. Nothing of refnn is imported here, and
an import of refnn fails in the submission. That makes cheating harder but not impossible.
"""

import ast
import re
import sys

# This matches whole lines that only IPython reads: %magic, !shell, name = %magic, ?name, name?
IPYTHON = re.compile(r"\s*(?:[%!?]|[\w.,\s]+=\s*[%!]|.*\?\s*$)")


class _Hidden:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "refnn":
            raise ModuleNotFoundError("refnn cannot be imported where work is marked")


if __name__ == "submitted":  # this runs in the other process
    sys.meta_path.insert(0, _Hidden)
_space, _failed = {"__name__": "submission", "display": lambda *objects, **options: None}, []


def plain(text):
    r"""Return a cell with `pass` in place of each line that only IPython understands.

    >>> plain("if 1:\n    %time x = 1\nnp.sum?\nx = (7\n% 4)")
    'if 1:\n    pass\npass\nx = (7\n% 4)'
    """
    lines = text.split("\n")
    for _ in range(100):
        try:
            ast.parse("\n".join(lines))
            break
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(lines) or not IPYTHON.match(lines[at]):
                break
            lines[at] = re.match(r"\s*", lines[at])[0] + "pass"
    return "\n".join(lines)


def call(function, *arguments):
    """Run a function of the submission and return its value.

    If `function` is None, run a cell instead. The arguments are then its number and its text.

    >>> call(None, 1, "def twice(x): return 2 * x"), call("twice", 4)
    (None, 8)
    """
    if function is None:
        number, text = arguments
        try:
            exec(compile(plain(text), f"<cell {number}>", "exec"), _space)
        except BaseException as error:  # exit() raises SystemExit
            _failed.append(
                (text, f"code cell {number} failed with {type(error).__name__}: {error}")
            )
        return None
    if not callable(_space.get(function)):
        why = next((f"; {error}" for text, error in _failed if function in text), "")
        raise LookupError(f"the notebook has no function {function}{why}")
    return _space[function](*arguments)
