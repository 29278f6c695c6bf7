"""This module computes a formula on a large array in blocks that fit into the cache.

`validation.takes(blocks="x")` uses it for an array x of more than BLOCK entries. The other
arguments are checked once, together with the first entry of x, which represents all of x. Then the
formula computes one block after the other and writes it to the array that is returned. Each block
of x is checked just before it is used, and then it is in the cache. Apart from the result, no array
as large as x is needed.

A formula may have a fast form (`takes(fast=…)`). This is a function of the same arguments that
writes one block to `out` in fewer passes over memory. It returns False for a block that it cannot
compute exactly, and the formula computes that block. Tests check that both give equal results.
"""

from math import prod

import numpy as np

BLOCK = 2**16  # an array of at most so many numbers is computed at once
BYTES = 2**19  # the size of a block: half a megabyte, so that a few blocks fit into the cache


def once(a):
    """Return an array, or only its first entry if it stores one number and repeats it.

    np.broadcast_to makes such arrays.

    >>> once(np.broadcast_to(np.float64(3), (2, 5))), once(np.zeros(2))
    (array([[3.]]), array([0., 0.]))
    """
    return a if any(a.strides) or a.size < 2 else a[(slice(0, 1),) * a.ndim]


def cast(a, dtype):
    """Convert an array to another dtype.

    If it stores one number and repeats it (see `once`), so does the result.

    >>> cast(np.broadcast_to(np.float32(3), (2, 5)), np.float64).strides
    (0, 0)
    """
    own = once(a)
    return a.astype(dtype, copy=False) if own is a else np.broadcast_to(own.astype(dtype), a.shape)


def large(a):
    """Return True if `a` is an array of real numbers with more entries than a block.

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
    """Return the part of a value that belongs to block `at` of an array of ndim axes.

    The value broadcasts against that array, or is a named tuple of such values.

    >>> part(np.array([[1], [2], [3]]), (slice(1, 3),), 2).tolist()
    [[2], [3]]
    """
    if isinstance(value, tuple):
        return type(value)(*[part(field, at, ndim) for field in value])
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        return value
    own = (*at, *[slice(None)] * (ndim - len(at)))[ndim - value.ndim :]
    return value[tuple(here if n > 1 else slice(None) for here, n in zip(own, value.shape))]


def in_blocks(formula, fast, name, given, accept, check):
    """Compute a formula in blocks and return its result, or None if an argument is refused.

    `given` holds all arguments, and the one called `name` is large. accept(given) checks and
    converts all arguments; check(block) does so for one block.

    >>> given = {"x": np.arange(2 * BLOCK)}
    >>> in_blocks(lambda x: 2 * x, None, "x", given, accept=len, check=np.asarray)[-1]
    np.int64(262142)
    """
    a, draws = given[name], _states(given.values())
    given = {**given, name: np.broadcast_to(a[(slice(0, 1),) * a.ndim], a.shape)}
    try:
        accept(given)
        dtype = given.pop(name).dtype
        cuttable = {key: value for key, value in given.items() if not _same_for_all(value)}
        shapes = [value.shape for value in cuttable.values() if isinstance(value, np.ndarray)]
        a = np.broadcast_to(a, np.broadcast_shapes(a.shape, *shapes))

        def arguments(at, convert):
            own = {key: part(value, at, a.ndim) for key, value in cuttable.items()}
            return {**given, **own, name: convert(a[at]).astype(dtype, copy=False)}

        first = formula(**arguments((slice(0, 1),) * a.ndim, check))  # gives dtype and fields
        _restore(draws)
        out = _each(lambda field: np.empty(a.shape, field.dtype), first)
        widest = max(field.itemsize for field in (first if isinstance(first, tuple) else (first,)))
        for at in cut(a.shape, BYTES // max(dtype.itemsize, widest, 4)):
            own = part(out, at, a.ndim)
            if fast is None or not fast(**arguments(at, np.asarray), out=own):
                _each(np.copyto, own, formula(**arguments(at, check)))
    except (ValueError, TypeError):  # the caller then checks all of x at once, for a full message
        _restore(draws)
        return None
    return out


def _states(values):
    """Return each random generator among the arguments, with its present state."""
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
