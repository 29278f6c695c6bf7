"""Run check: test functions of the user, print and return the exit status."""

from refnn import console
from refnn.checking import implementation
from refnn.checking.running.sandbox import TARGET
from refnn.command import tables_check
from refnn.command.values import Misused, whole


def check_command(options):
    """Test functions of the user, and name the mistake that they behave like."""
    for text in filter(None, (options.quantize, options.dequantize)):
        if not TARGET.fullmatch(text):
            raise Misused(f"{text!r} must be MODULE:FUNCTION, such as my_module:quantize")
    limits = {
        "seconds": whole("--seconds", options.seconds, 1, 3600),
        "memory": whole("--memory", options.memory, 64, 2**20),
    }
    found = implementation.check(options.quantize, options.dequantize, **limits)
    if options.json:
        console.say_json(tables_check.as_data(found))
    else:
        console.say(tables_check.check_text(found))
    return 1 if found.broken else 0
