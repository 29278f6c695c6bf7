"""This module reads a worked example from a file, or from the standard input.

The file is a text (an article in Markdown, a note, a pasted session), a notebook, or a list of
claims in TOML or JSON. Numbers are kept as the text that is printed, and nothing in a file is
executed. A file that is too large, binary, broken or nested too deeply is refused in one sentence
that names it. The format is described in refnn/examples/README.md, with an example of every kind of
claim."""

import json
import re
import sys
import tomllib
from pathlib import Path

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.reading import markdown, notebook
from refnn.validation import takes, whole, words_of

MAX_BYTES = 10**6  # an article has about ten thousand bytes
MAX_NOTEBOOK = 3 * 10**7  # of a notebook with its pictures, which are not read
MAX_NUMBERS = 10**4  # of a file; for comparison, the diabetes data hold 4,862 numbers
MAX_DEPTH = 32
MAX_REFUSAL = 500  # characters of a refusal
TEXTS = (".md", ".markdown", ".txt")
SUFFIXES = (*TEXTS, ".ipynb", ".toml", ".json")
STDIN, STDIN_NAME = "-", "standard input"
CLAIMS_OF_TOML = re.compile(r"^(?:\[\[ ?claims ?\]\]|claims ?=)", re.MULTILINE)
LINE_OF_TOML = re.compile(r"[A-Za-z_]{1,40} ?=|\[\[ ?claims ?\]\]")
EXAMPLES = Path(__file__).parents[2] / "examples"


def _path(name, path, arguments):
    if not isinstance(path, (str, Path)):
        raise Refused(name, "the path of a file", arrays.describe(path), TypeError)
    if str(path) == STDIN:
        return STDIN
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        got = arrays.describe(path.suffix) if path.suffix else "none of these"
        raise Refused(f"{path}", f"the path of a file {', '.join(SUFFIXES)}", got)
    return path


@takes(path=_path, levels=whole(1, 2**53))
def read(path, levels=None):
    """Read the example in a file and return the dict that `worked_example.check` takes.

    levels: the number of levels P for claims that do not state it.

    >>> example = read(EXAMPLES / "affine.toml")
    >>> example["claims"][0]["x"], sorted({claim["kind"] for claim in example["claims"]})[:2]
    (['-1.5', '0.2', '2.8'], ['affine_dequantize', 'affine_quantize'])
    """
    text, suffix = _text(path)
    name, title = (STDIN_NAME,) * 2 if path == STDIN else (f"{path}", path.name)
    if suffix in TEXTS:
        return _counted(name, _named(name, markdown.example, text, title, levels))
    found = _named(name, _toml if suffix == ".toml" else _json, text)
    if suffix == ".ipynb" or notebook.is_notebook(found):
        if not notebook.is_notebook(found):
            raise Refused(name, "a notebook with a list of cells", arrays.describe(found))
        return _counted(name, _named(name, notebook.example, found, title, levels))
    if not isinstance(found, dict):
        raise Refused(name, "an object with title and claims", arrays.describe(found))
    found = _counted(name, found)
    found.setdefault("title", title)
    return found if levels is None else {**found, "P": levels}


def _counted(name, found):
    """Return the example, but refuse one of too many numbers."""
    if _count(name, found) > MAX_NUMBERS:
        raise Refused(name, f"a file of at most {MAX_NUMBERS:,} numbers", "more")
    return found


def _text(path):
    """Return (text, suffix) of a file in UTF-8 of limited size, without its byte-order mark.

    The suffix of the standard input is found from its contents."""
    name = STDIN_NAME if path == STDIN else f"{path}"
    most = MAX_BYTES
    if path == STDIN:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin else b""
    elif not path.is_file():
        got = "a folder or a device" if path.exists() else "a path without a file"
        raise Refused(name, "the path of a file", got)
    else:
        most = MAX_NOTEBOOK if path.suffix.lower() == ".ipynb" else MAX_BYTES
        with open(path, "rb") as file:  # at most one byte too many is read, even of a huge file
            data = file.read(most + 1)
    if len(data) > most:
        raise Refused(name, f"a file of at most {most:,} bytes", "more")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(name, "text in UTF-8", f"other bytes at position {error.start}") from None
    if "\0" in text:
        raise Refused(name, "text in UTF-8", "binary data")
    if not text.strip():
        raise Refused(name, "a worked example", "an empty file")
    return text, _suffix(text) if path == STDIN else path.suffix.lower()


def _suffix(text):
    """Return the suffix of a file that holds this text."""
    if text.lstrip().startswith("{") and ('"claims"' in text or '"cells"' in text):
        return ".json"
    lines = (line for line in text.split("\n") if line.strip() and not line.startswith("#"))
    is_toml = CLAIMS_OF_TOML.search(text) and LINE_OF_TOML.match(next(lines, ""))
    return ".toml" if is_toml else ".txt"


def _named(name, parse, *arguments):
    """Return parse(*arguments) and add the name of the file to the text of a ValueError."""
    try:
        return parse(*arguments)
    except RecursionError:
        raise Refused(name, "a worked example", "lists that are nested too deeply") from None
    except ValueError as error:  # the decoders' own errors are ValueErrors
        said = " ".join(words_of(error).split())
        named = ValueError(said)
        said = said if len(said) <= MAX_REFUSAL else f"{said[:MAX_REFUSAL]}…"
        named.refusal = f"{name}: {said}"
        raise named from None


def _toml(text):
    """Parse TOML, but refuse deeply dotted keys first.

    The time of tomllib grows with the square of the depth of a key like a.a.a.…"""
    plain = re.sub(r'"(?:[^"\\\n]|\\.)*"?|\'[^\'\n]*\'?', "", text)
    if any(part.count(".") > MAX_DEPTH for part in re.split(r"[\n,=\[\]{}]", plain)):
        raise Refused("keys", f"of at most {MAX_DEPTH} levels", "more levels")
    return tomllib.loads(text, parse_float=str)


def _json(text):
    def refuse(constant):
        raise Refused("numbers", "finite", constant)

    def once(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            raise Refused("keys", "different from one another", arrays.describe(sorted(keys)))
        return dict(pairs)

    return json.loads(text, parse_float=str, parse_constant=refuse, object_pairs_hook=once)


def _count(name, value, depth=0):
    """Count the single values in nested tables and lists."""
    if depth > MAX_DEPTH:
        raise Refused(name, f"nested at most {MAX_DEPTH} levels deep", "deeper lists")
    if not isinstance(value, (dict, list)):
        return 1
    inner = value.values() if isinstance(value, dict) else value
    return sum(_count(name, v, depth + 1) for v in inner)
