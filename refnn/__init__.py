"""This package is a NumPy reference for the quantization and pruning of neural networks.

After `import refnn`, every module can be used by its full name, as in
`refnn.quantization.affine.quantize(…)`. A module is imported when it is first used.
"""

__version__ = "0.1.0"


def _offer(names):
    """Return __getattr__ and __dir__ for a package, so that its modules are imported on first use.

    `names` is what globals() returns in the package's __init__.py.
    """
    folder, path = names["__name__"], names["__path__"]

    def modules():
        from pkgutil import iter_modules  # imported here to keep `import refnn` fast

        return [m.name for m in iter_modules(path) if not m.name.startswith("_")]

    def get(name):
        if name not in modules():
            raise AttributeError(f"module {folder!r} has no attribute {name!r}")
        from importlib import import_module

        return import_module(f"{folder}.{name}")

    return get, lambda: sorted({name for name in names if name != "_offer"}.union(modules()))


__getattr__, __dir__ = _offer(globals())
