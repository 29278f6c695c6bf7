"""Read the values of options, which come as text. An error names the option."""


class Misused(ValueError):
    """An error in what was given to a command. `cli` adds the command's name to it."""


def numbers(option, text):
    """Split a list such as 0.1,0.2 into its numbers, still as text.

    >>> numbers("--x", "0.1, 1/3")
    ['0.1', '1/3']
    """
    values = [v.strip() for v in text.split(",")]
    if not all(values):
        raise Misused(f"{option} must be numbers separated by commas, got {text!r}")
    return values


def whole(option, text, low, high):
    """Return a whole number within low..high.

    >>> whole("--bits", "8", 2, 16)
    8
    """
    if not text.isdecimal() or len(text) > 15 or not low <= int(text) <= high:
        raise Misused(f"{option} must be a whole number from {low} to {high}, got {text!r}")
    return int(text)


def one_of(option, text, names):
    """Return one of a few names, written with - on the command line and with _ in the code.

    >>> one_of("--rounding", "half-up", ("floor", "half_up"))
    'half_up'
    """
    name = text.replace("-", "_")
    if name not in names:
        known = ", ".join(n.replace("_", "-") for n in names)
        raise Misused(f"{option} must be one of {known}, got {text!r}")
    return name


def read(option, path, reader):
    """Return reader(path), where an error names the option.

    >>> read("--roster", "no/such/file", lambda path: open(path).read())
    Traceback (most recent call last):
    refnn.command.values.Misused: --roster: [Errno 2] No such file or directory: 'no/such/file'
    """
    try:
        return reader(path)
    except (ValueError, TypeError, OSError) as error:
        words = getattr(error, "refusal", None) or f": {error}"
        raise Misused(f"{option}{words.removeprefix('path')}") from None
