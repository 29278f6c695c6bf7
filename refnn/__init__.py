"""A reference, in NumPy, for quantization and pruning, on a neural network of 61 parameters.

`import refnn` is enough: `refnn.quantization.affine.quantize(…)` imports what it needs when asked.
"""

__version__ = "0.1.0"


def _offer(names):
    """__getattr__ and __dir__ for a folder, given its globals: its modules, imported when asked."""
    folder, path = names["__name__"], names["__path__"]

    def modules():
        from pkgutil import iter_modules  # only where somebody asks

        return [m.name for m in iter_modules(path) if not m.name.startswith("_")]

    def get(name):
        if name not in modules():
            raise AttributeError(f"module {folder!r} has no attribute {name!r}")
        from importlib import import_module

        return import_module(f"{folder}.{name}")

    return get, lambda: sorted({name for name in names if name != "_offer"}.union(modules()))


__getattr__, __dir__ = _offer(globals())
