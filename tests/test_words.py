"""The first sentence of a docstring begins with a verb or is the formula, and has no semicolon."""

import ast
import re

from test_house import modules, tree

VERBS = """
Add Accept Apply Ask Assemble Break Build Cast Check Choose Clip Collect Combine Compare
Compile Compress Compute Convert Copy Count Cut Decide Decode Decorate Describe Divide Draw
Encode Estimate Evaluate Execute Explain Fill Find Fold Format Give Grade Group Hold Join
Judge Keep Kill Lay Limit List Load Look Make Mark Match Measure Merge Minimise Move Name
Open Order Parse Pick Place Plot Print Prune Put Quantize Raise Read Refuse Remove Rename
Replace Restore Return Round Run Save Say Scale Score Select Send Show Solve Sort Split
Start Stop Store Sum Take Test Train Translate Try Update Verify Wait Warn Write Yield
""".split()
FORMULA = re.compile(r"[=⌊⌈Σ∂·←∘≥→]|^\(")  # one of these stands in every formula


def docstrings(kinds):
    """Yield (where, first sentence) of every docstring of some kinds of nodes."""
    for name, path in modules().items():
        for node in ast.walk(tree(path)):
            text = ast.get_docstring(node) if isinstance(node, kinds) else None
            if text:
                first = re.split(r"(?<=[.?!])\s|\n\n", text)[0]
                yield f"{name}.{getattr(node, 'name', '')}", " ".join(first.split())


def test_a_function_says_what_it_does():
    wrong = [
        (where, first)
        for where, first in docstrings((ast.FunctionDef,))
        if first.split()[0].rstrip(".,:") not in VERBS and not FORMULA.search(first)
    ]
    assert not wrong, "\n".join(f"{where}: {first}" for where, first in wrong)


def test_a_class_and_a_module_say_what_they_are_in_a_sentence():
    wrong = [
        (where, first)
        for where, first in docstrings((ast.ClassDef, ast.Module))
        if not first.endswith((".", "?"))
    ]
    assert not wrong, "\n".join(f"{where}: {first}" for where, first in wrong)


def test_no_first_sentence_has_a_semicolon():
    kinds = ast.FunctionDef, ast.ClassDef, ast.Module
    wrong = [(where, first) for where, first in docstrings(kinds) if ";" in first]
    assert not wrong, "\n".join(f"{where}: {first}" for where, first in wrong)
