"""Run the tour and the claims: compute, print, write the figures and return the exit status."""

import os
import time
from inspect import signature
from pathlib import Path

from refnn import console
from refnn.command import resume, tables
from refnn.command.values import Misused, whole
from refnn.experiments import store, tour
from refnn.experiments.claims import CLAIMS, about
from refnn.files import refuse_unwritable

QUICK = 12  # networks


def reproduce_command(options):
    """Compute claims again and write their tables and figures."""
    if options.list:
        if options.claims or options.seeds or options.quick or options.store:
            raise Misused("--list takes no CLAIM and no other option")
        console.say(store.list_text())
        return 0
    known = ("tour", *CLAIMS)
    for name in options.claims:
        if name not in known:
            raise Misused(f"CLAIM must be one of {', '.join(known)}, got {name!r}")
    if options.quick and options.seeds:
        raise Misused("--quick and --seeds exclude each other")
    if options.store and (options.quick or options.seeds):
        raise Misused("--store stores results of 200 networks, without --quick and --seeds")
    given = str(QUICK) if options.quick else options.seeds
    seeds = {} if given is None else {"seeds": whole("--seeds", given, 2, 1000)}
    folder = _figures(options)
    names = list(options.claims or known)
    done = resume.Done(folder, {"claims": names, "store": options.store, **seeds})
    clock = resume.Clock(names)
    for name in names:
        console.say(f"\n=== {name}{QUICKLY if options.quick else ''} ===\n")
        text = done.text(name)
        if text is None:
            text = _reproduced(name, folder, clock, options.store, **seeds)
            done.add(name, text)
        console.say(text)
    done.end()
    return 0


QUICKLY = f" (quick: {QUICK} networks, not the published numbers)"


def _reproduced(name, folder, clock, keep, **seeds):
    """Return what a claim, or the tour, prints."""
    if name == "tour":
        return _with_article(_run(tour, folder, _numbered, clock.begin(name), **seeds)[0])
    start = time.monotonic()
    text, result = _run(CLAIMS[name], folder, CLAIMS[name].text, clock.begin(name), **seeds)
    if keep:
        store.save(name, result, time.monotonic() - start)
    return f"{console.wrap(about(name))}\n\n{text}"


def _figures(options):
    """Return the folder for the figures, or None."""
    if options.no_figures and options.figures:
        raise ValueError("--figures and --no-figures exclude each other")
    if options.figures == "":
        raise ValueError("--figures must be a folder, got ''")
    return None if options.no_figures else _folder(Path(options.figures or "figures"))


def _save(claim, result, folder, progress):
    """Draw and write the figures of a claim, and return their file names."""
    if folder is None:
        return []
    progress("drawing")
    from refnn import plots

    names = []
    for name, figure in claim.draw(result).items():
        names.append(f"{name}.png")
        plots.save(figure, folder / names[-1])
    return names


def _run(claim, folder, text, left="", **seeds):
    """Compute a claim with a progress bar and write its figures.

    Return (its text, its result)."""
    progress = console.Progress(claim.STAGES + (folder is not None), left)
    more = {}
    if "processes" in signature(claim.compute).parameters:
        more["processes"] = os.cpu_count() or 1
    result = claim.compute(progress=progress, **seeds, **more)
    names = _save(claim, result, folder, progress)
    progress.end()
    said = text(result)
    if names:
        said += "\n\n" + console.wrap(f"Figures, in {folder}: {', '.join(names)}")
    return said, result


def tour_command(options):
    """Give the tour."""
    console.say(_with_article(_run(tour, _figures(options), _numbered)[0]))
    return 0


def _with_article(text):
    head = "1. The article (§4.1, P = 8): its printed numbers, judged with exact fractions"
    return f"{head}\n\n{tables.article_text()}\n{text}"


def _numbered(result):
    parts = enumerate(tables.tour_text(result), start=2)
    return "\n".join(f"\n{number}. {text}" for number, text in parts)


def _folder(path):
    """Return an existing, writable folder, or raise before anything is computed."""
    path.mkdir(parents=True, exist_ok=True)
    refuse_unwritable([path / "figure.png"], force=True)
    return path
