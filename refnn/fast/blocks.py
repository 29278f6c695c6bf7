"""Speed around the formulas: a large array goes through the cache in blocks.

`validation.takes(blocks="x")` sends an array x that is longer than BLOCK here. The other arguments
are checked once, beside the first entry of x, which stands for all of x. Then the formula computes
block after block into the array that is returned; each block is checked just before, while it is in
the cache. So nothing as large as x is made on the way.

A formula may have a fast form (`takes(fast=…)`): a function of the same arguments that writes a
block into `out` in fewer passes. It returns False for a block that it cannot do; the formula
computes that one. Tests hold both equal.
"""

from math import prod

import numpy as np

BLOCK = 2**16


def once(a):
    """An array; of one that repeats a number without storing it twice (np.broadcast_to), one entry.

    >>> once(np.broadcast_to(np.float64(3), (2, 5))), once(np.zeros(2))
    (array([[3.]]), array([0., 0.]))
    """
    return a if any(a.strides) or a.size < 2 else a[(slice(0, 1),) * a.ndim]


def cast(a, dtype):
    """An array in another dtype; what repeats one number goes on repeating it.

    >>> cast(np.broadcast_to(np.float32(3), (2, 5)), np.float64).strides
    (0, 0)
    """
    own = once(a)
    return a.astype(dtype, copy=False) if own is a else np.broadcast_to(own.astype(dtype), a.shape)


def large(a):
    """Is it an array of real numbers that is longer than a block?

    >>> large(np.zeros(BLOCK)), large(np.zeros(BLOCK + 1)), large([0.0] * (BLOCK + 1))
    (False, True, False)
    """
    return type(a) is np.ndarray and a.size > BLOCK and a.dtype.kind in "iuf"


def cut(shape, size=BLOCK):
    """Yield indices that cut an array of a shape into blocks of at most `size` entries, in order.

    >>> for at in cut((2, 5), size=3):
    ...     print(at)
    (slice(0, 1, None), slice(0, 3, None))
    (slice(0, 1, None), slice(3, 5, None))
    (slice(1, 2, None), slice(0, 3, None))
    (slice(1, 2, None), slice(3, 5, None))
    """
    length, *others = shape
    row = prod(others)
    step = max(1, size // row)
    for start in range(0, length, step):
        here = (slice(start, min(start + step, length)),)
        yield from [here] if row <= size else (here + rest for rest in cut(others, size))


def part(value, at, ndim):
    """Return what of a value belongs to block `at` of an array of ndim axes. The value broadcasts
    against that array, or is a named tuple of such values.

    >>> part(np.array([[1], [2], [3]]), (slice(1, 3),), 2).tolist()
    [[2], [3]]
    """
    if isinstance(value, tuple):
        return type(value)(*[part(field, at, ndim) for field in value])
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return value
    own = (*at, *[slice(None)] * (ndim - len(at)))[ndim - value.ndim :]
    return value[tuple(here if n > 1 else slice(None) for here, n in zip(own, value.shape))]


def in_blocks(formula, fast, name, given, admit, check):
    """Return what the formula makes of the arguments `given`, of which the one called `name` is
    large; None where something is refused.

    admit(given) checks and converts all arguments, check(block) one block.

    >>> given = {"x": np.arange(2 * BLOCK)}
    >>> in_blocks(lambda x: 2 * x, None, "x", given, admit=len, check=np.asarray)[-1]
    np.int64(262142)
    """
    a, draws = given[name], _states(given.values())
    given = {**given, name: np.broadcast_to(a[(slice(0, 1),) * a.ndim], a.shape)}
    try:
        admit(given)
        dtype = given.pop(name).dtype
        cuttable = {key: value for key, value in given.items() if not _same_for_all(value)}
        shapes = [value.shape for value in cuttable.values() if isinstance(value, np.ndarray)]
        a = np.broadcast_to(a, np.broadcast_shapes(a.shape, *shapes))

        def arguments(at, convert):
            own = {key: part(value, at, a.ndim) for key, value in cuttable.items()}
            return {**given, **own, name: convert(a[at]).astype(dtype, copy=False)}

        first = formula(**arguments((slice(0, 1),) * a.ndim, check))  # shows what comes out
        _restore(draws)
        out = _each(lambda field: np.empty(a.shape, field.dtype), first)
        for at in cut(a.shape):
            own = part(out, at, a.ndim)
            if fast is None or not fast(**arguments(at, np.asarray), out=own):
                _each(np.copyto, own, formula(**arguments(at, check)))
    except (ValueError, TypeError):  # the ordinary way finds it again, and says where it stands
        _restore(draws)
        return None
    return out


def _states(values):
    """Return the generators among the arguments, and where each stands."""
    drawn = (v.bit_generator for v in values if isinstance(v, np.random.Generator))
    return [(generator, generator.state) for generator in drawn]


def _restore(draws):
    for generator, state in draws:
        generator.state = state


def _same_for_all(value):
    fields = value if isinstance(value, tuple) else (value,)
    return all(getattr(field, "ndim", 0) == 0 for field in fields)


def _each(function, *results):
    """Apply a function to results, or field by field to named tuples of results."""
    if isinstance(results[0], tuple):
        return type(results[0])(*map(function, *results))
    return function(*results)
