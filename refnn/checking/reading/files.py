"""This module reads a worked example from a file.

The file is an article in Markdown, or a list of claims in TOML or JSON. Numbers are kept as the
text that is printed, and nothing in a file is executed. A file that is too large, binary, broken or
nested too deeply is refused in one sentence that names it. The format is described in
refnn/examples/README.md, with an example of every kind of claim."""

import json
import re
import tomllib
from pathlib import Path

from refnn import arrays
from refnn.arrays import Refused
from refnn.checking.reading import markdown
from refnn.validation import takes, whole

MAX_BYTES = 10**6  # an article has about ten thousand bytes
MAX_NUMBERS = 10**4  # of a file; for comparison, the diabetes data hold 4,862 numbers
MAX_DEPTH = 32
ARTICLES = (".md", ".markdown")
SUFFIXES = (*ARTICLES, ".toml", ".json")
EXAMPLES = Path(__file__).parents[2] / "examples"


def _path(name, path, arguments):
    if not isinstance(path, (str, Path)):
        raise Refused(name, "the path of a file", arrays.describe(path), TypeError)
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
    text, suffix = _text(path), path.suffix.lower()
    if suffix in ARTICLES:
        return _named(path, markdown.example, text, path.name, levels)
    found = _named(path, _toml if suffix == ".toml" else _json, text)
    if not isinstance(found, dict):
        raise Refused(f"{path}", "an object with title and claims", arrays.describe(found))
    if _count(path, found) > MAX_NUMBERS:
        raise Refused(f"{path}", f"a file of at most {MAX_NUMBERS:,} numbers", "more")
    found.setdefault("title", path.name)
    return found if levels is None else {**found, "P": levels}


def _text(path):
    """Return the text of a UTF-8 file of limited size, without its byte-order mark."""
    name, utf8 = f"{path}", "text in UTF-8"
    if not path.is_file():
        got = "a folder or a device" if path.exists() else "a path where no file is"
        raise Refused(name, "the path of a file", got)
    with open(path, "rb") as file:  # read one byte too many at most, even of a huge file
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(name, f"a file of at most {MAX_BYTES:,} bytes", "more")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(name, utf8, f"other bytes at position {error.start}") from None
    if "\0" in text:
        raise Refused(name, utf8, "binary data")
    if not text.strip():
        raise Refused(name, "a worked example", "an empty file")
    return text


def _named(path, parse, *arguments):
    """Return parse(*arguments) and add the name of the file to the text of a ValueError."""
    try:
        return parse(*arguments)
    except RecursionError:
        raise Refused(f"{path}", "a worked example", "lists that are nested too deeply") from None
    except ValueError as error:  # the decoders' own errors are ValueErrors
        said = " ".join(getattr(error, "refusal", str(error)).split())
        named = ValueError(said)
        named.refusal = f"{path}: {said if len(said) <= 240 else said[:240] + '…'}"
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


def _count(path, value, depth=0):
    """Count the single values in nested tables and lists."""
    if depth > MAX_DEPTH:
        raise Refused(f"{path}", f"nested at most {MAX_DEPTH} levels deep", "deeper lists")
    if not isinstance(value, (dict, list)):
        return 1
    inner = value.values() if isinstance(value, dict) else value
    return sum(_count(path, v, depth + 1) for v in inner)
