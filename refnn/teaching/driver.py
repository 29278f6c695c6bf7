"""What runs a submission's cells and functions, in a process of its own.

`mark_notebook` sends the text of this file there. Nothing of refnn is imported, and an import of it
fails: a hindrance, no border.
"""

import ast
import re
import sys

# Whole lines that only IPython understands: %magic, !shell, name = %magic, ?name, name?
IPYTHON = re.compile(r"\s*(?:[%!?]|[\w.,\s]+=\s*[%!]|.*\?\s*$)")


class _Hidden:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "refnn":
            raise ModuleNotFoundError("refnn cannot be imported where work is marked")


if __name__ == "submitted":  # in the other process
    sys.meta_path.insert(0, _Hidden)
_space, _failed = {"__name__": "submission", "display": lambda *objects, **options: None}, []


def plain(text):
    r"""Return a cell with `pass` for the lines that only IPython understands.

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
    """Return what a function of the submission returns; for None, run a cell: its number, its text.

    >>> call(None, 1, "def twice(x): return 2 * x"), call("twice", 4)
    (None, 8)
    """
    if function is None:
        number, text = arguments
        try:
            exec(compile(plain(text), f"<cell {number}>", "exec"), _space)
        except BaseException as error:  # also exit()
            _failed.append((text, f"code cell {number}: {type(error).__name__}: {error}"))
        return None
    if not callable(_space.get(function)):
        why = next((f"; {error}" for text, error in _failed if function in text), "")
        raise LookupError(f"no function {function}{why}")
    return _space[function](*arguments)
