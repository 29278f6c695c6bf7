"""Reading the values of options, which come as text; what does not fit is refused by its name."""


class Misused(ValueError):
    """Options that do not go together, or a value that does not fit; `cli` adds the command."""


def numbers(option, text):
    """The numbers of a list such as 0.1,0.2, still as text.

    >>> numbers("--x", "0.1, 1/3")
    ['0.1', '1/3']
    """
    values = [v.strip() for v in text.split(",")]
    if not all(values):
        raise Misused(f"{option} must be numbers with a comma between them, got {text!r}")
    return values


def whole(option, text, low, high):
    """A whole number within low..high.

    >>> whole("--bits", "8", 2, 16)
    8
    """
    if not text.isdecimal() or len(text) > 15 or not low <= int(text) <= high:
        raise Misused(f"{option} must be a whole number from {low} to {high}, got {text!r}")
    return int(text)


def one_of(option, text, names):
    """One of a few names, its words parted by - on the command line and by _ in the code.

    >>> one_of("--rounding", "half-up", ("floor", "half_up"))
    'half_up'
    """
    name = text.replace("-", "_")
    if name not in names:
        known = ", ".join(n.replace("_", "-") for n in names)
        raise Misused(f"{option} must be one of {known}, got {text!r}")
    return name
