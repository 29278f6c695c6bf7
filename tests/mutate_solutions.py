"""Plant mutants in the solutions of the assignments and see whether each loses a point, by hand:

    python tests/mutate_solutions.py --seeds 100

The mutants are those of `mutate`: an operator, a comparison, a constant (also an axis), a call (min
for max, sum for mean, no abs), a condition. A mutant must lose a point with every seed of the
hidden cases. Those that do not are printed with their change and the share of the seeds. EQUIVALENT
lists the ones that give the same on all that a task may ask, each with its reason.
"""

import argparse
import signal
import warnings
from collections import Counter

import numpy as np
from mutate import mutants

from refnn.teaching import assignments
from refnn.teaching.assignments import ASSIGNMENTS
from refnn.teaching.task import same

SECONDS = 2  # a mutant that takes longer loses its points
# The changed line: why it gives the same
EQUIVALENT = {
    "slope = 1 - h * h if activation == 'tanh' else (z_h > 0) / 1.0": "x/1 is x·1",
    "shape = [-2 if i == axis else 1 for i in range(x.ndim)]": "reshape takes -2 as -1",
    "shape = [-2 if i == axis else 1 for i in range(q.ndim)]": "reshape takes -2 as -1",
}


def code_of(name):
    """{function or "given": its code} of the solution of an assignment."""
    found = {}
    for cell in assignments.build(name, "solution")["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") or meta.get("grade_id") == f"{name}-given":
            found[meta["grade_id"]] = "".join(cell["source"])
    return found


def loses(task, functions, cases):
    """Does the function lose a point in one of these cases?"""
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            answers = (functions[task.function](*task.give(*given)) for _, given, _ in cases)
            return not all(same(got, right) for got, (*_, right) in zip(answers, cases))
    except Exception:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def stop(*_):
    raise TimeoutError


def planted(name, seeds):
    """Yield (function, the line before and after, the seeds that see nothing) of every mutant."""
    codes = code_of(name)
    for number, task in enumerate(ASSIGNMENTS[name]):
        drawn = {seed: assignments.cases(task, number, seed) for seed in seeds}
        for _, before, after, made in mutants(codes[task.function]):
            functions = {}
            for of, code in codes.items():
                exec(made if of == task.function else code, functions)
            kept = [seed for seed, cases in drawn.items() if not loses(task, functions, cases)]
            yield task.function, before, after, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(parser.parse_args().seeds)
    counts = Counter()
    for name in ASSIGNMENTS:
        for function, before, after, kept in planted(name, seeds):
            kind = "equivalent" if after in EQUIVALENT else "survived" if kept else "noticed"
            counts[kind] += 1
            if kind == "survived":
                print(f"{name}.{function}: full marks with the seeds {kept}")
                print(f"    {before}\n    {after}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))


if __name__ == "__main__":
    main()
