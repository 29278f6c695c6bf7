"""A long test in two processes: the first half of its cases on one core, the second on the other."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def both_cores(function, parts):
    """[function(part) for part in parts], side by side; what one raises is raised here."""
    with ProcessPoolExecutor(len(parts), mp_context=get_context("spawn")) as pool:
        return list(pool.map(function, parts))
