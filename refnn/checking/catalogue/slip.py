"""A slip is a plausible mistake with a name, stored as an edit of the code of one formula.

An edit is a pair (right text, wrong text). The right text is searched in the code of the functions
of the formula's module, as `ast.unparse` prints it, so docstrings, comments and line breaks do not
matter. It must occur once in the formula itself, or, if it does not occur there, once in the other
functions of the module. The module `slips` lists all slips.
"""

import ast
import importlib
import inspect
import sys
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache

from refnn import derivatives
from refnn.quantization import rounding
from refnn.validation import takes


@dataclass(frozen=True, eq=False)
class Slip:
    """A plausible mistake in one formula, with a hint that says where to look but not the answer.

    >>> from refnn.checking.catalogue.slips import CATALOGUE
    >>> slip = CATALOGUE["round_for_floor"]
    >>> print("\\n".join(slip.diff()))
    -    floored = np.floor(shifted)
    +    floored = half_even.formula(shifted)
    >>> slip.wrong([0.25], 10, 0, 8), slip.wrong([0.07], 10, 0, 8)
    (array([2], dtype=uint8), array([1], dtype=uint8))
    """

    name: str
    formula: str  # "module.function" below refnn
    edits: list  # pairs (right text, wrong text)
    hint: str
    hint_zh: str = ""
    published: tuple = ()  # places that printed results of this mistake

    @property
    def wrong(self):
        """Return the formula with the mistake, a function of the same arguments.

        It is compiled when it is first needed."""
        return compiled(self.formula, tuple(self.edits))[self.formula.rsplit(".", 1)[1]]

    def diff(self):
        """Return the lines of code that differ, right ones with a minus, wrong ones with a plus."""
        right, wrong = (sources(self.formula, edits) for edits in ((), tuple(self.edits)))
        lines = []
        for name, text in right.items():
            changed = unified_diff(text.split("\n"), wrong[name].split("\n"), lineterm="", n=0)
            lines += [line for line in list(changed)[2:] if not line.startswith("@@")]
        return lines


def home(formula):
    """Return the module that defines a formula, even if another module only imports it.

    >>> home("quantization.rounding.floor").__name__
    'refnn.quantization.rounding'
    """
    module, name = formula.rsplit(".", 1)
    function = getattr(importlib.import_module(f"refnn.{module}"), name)
    return sys.modules[function.__module__]


@cache
def functions(module):
    """Return the top-level functions of a module by name, without their decorators.

    >>> list(functions(rounding))[:3]
    ['floor', 'ceil', 'toward_zero']
    """
    found = {name: inspect.unwrap(f) for name, f in vars(module).items() if callable(f)}
    return {
        name: f
        for name, f in found.items()
        if inspect.isfunction(f) and (f.__module__, f.__name__) == (module.__name__, name)
    }


# A wrong text may use these names besides the names of the formula's module.
ALSO = {name: getattr(m, name) for m in (rounding, derivatives) for name in functions(m)}


@cache
def code(function):
    """Return the source of a function without docstrings and comments, one statement a line.

    >>> print(code(rounding.floor.formula))
    @takes(x=REAL, blocks='x')
    def floor(x):
        return np.floor(x)
    """
    tree = ast.parse(inspect.getsource(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


@cache
def sources(formula, edits):
    """Return {name: code} of all functions in a formula's module after the edits.

    LookupError is raised if a right text does not occur exactly once.

    >>> sources("quantization.rounding.floor", (("np.floor(y)", "np.rint(y)"),))
    Traceback (most recent call last):
    LookupError: 'np.floor(y)' occurs 0 times in refnn.quantization.rounding, not once
    """
    module, own = home(formula), formula.rsplit(".", 1)[1]
    edited = {name: code(f) for name, f in functions(module).items()}
    for right, wrong in edits:
        times = {name: text.count(right) for name, text in edited.items()}
        places = [own] if times[own] else [name for name in times if times[name]]
        count = sum(times[name] for name in places)
        if count != 1:
            raise LookupError(f"{right!r} occurs {count} times in {module.__name__}, not once")
        edited[places[0]] = edited[places[0]].replace(right, wrong)
    return edited


def _without_fast_form(fast=None, **kinds):
    """Decorate an edited formula as `takes` does, but drop its fast form.

    The fast form computes the right formula, so it must not be used for the edited one."""
    return takes(**kinds)


@cache
def compiled(formula, edits):
    """Compile the edited functions of a formula's module and return all names of that module.

    A wrong text may also use the functions of `rounding` and of `derivatives`.

    >>> floor = compiled("quantization.rounding.floor", (("np.floor(x)", "half_even(x)"),))["floor"]
    >>> floor([1.5, 2.5])
    array([2., 2.])
    """
    names = {**ALSO, **vars(home(formula)), "takes": _without_fast_form}
    for name, text in sources(formula, edits).items():
        exec(compile(text, f"<{formula}, edited: {name}>", "exec"), names)
    return names
