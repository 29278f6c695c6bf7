"""Run the tour and the claims: compute, print, write the figures and return the exit status."""

from pathlib import Path

from refnn import console
from refnn.command import tables
from refnn.command.values import Misused, whole
from refnn.experiments import tour
from refnn.experiments.claims import CLAIMS, about


def reproduce_command(options):
    """Compute claims again and write their tables and figures."""
    known = ("tour", *CLAIMS)
    for name in options.claims:
        if name not in known:
            raise Misused(f"CLAIM must be one of {', '.join(known)}, got {name!r}")
    seeds = {} if options.seeds is None else {"seeds": whole("--seeds", options.seeds, 2, 1000)}
    folder = _figures(options)
    for name in options.claims or known:
        console.say(f"\n=== {name} ===\n")
        if name == "tour":
            _tour(folder, **seeds)
        else:
            console.say(console.wrap(about(name)) + "\n")
            _run(CLAIMS[name], folder, CLAIMS[name].text, **seeds)
    return 0


def _figures(options):
    """Return the folder for the figures, or None."""
    if options.no_figures and options.figures:
        raise ValueError("--figures and --no-figures exclude each other")
    if options.figures == "":
        raise ValueError("--figures must be a folder, got ''")
    return None if options.no_figures else _folder(Path(options.figures or "figures"))


def _save(claim, result, folder, progress):
    """Draw and write the figures of a claim, and return their file names."""
    if folder is None or not hasattr(claim, "draw"):
        return []
    progress("drawing")
    from refnn import plots

    names = []
    for name, figure in claim.draw(result).items():
        names.append(f"{name}.png")
        plots.save(figure, folder / names[-1])
    return names


def _run(claim, folder, text, **seeds):
    """Compute a claim with a progress bar, write its figures and print its text."""
    progress = console.Progress(claim.STAGES + (folder is not None))
    result = claim.compute(progress=progress, **seeds)
    names = _save(claim, result, folder, progress)
    progress.end()
    console.say(text(result))
    if names:
        console.say("\n" + console.wrap(f"Figures, in {folder}: {', '.join(names)}"))


def tour_command(options):
    """Give the tour."""
    return _tour(_figures(options))


def _tour(folder, **seeds):
    console.say("1. The article (§4.1, P = 8): its printed numbers, judged with exact fractions\n")
    console.say(tables.article_text())
    _run(tour, folder, _numbered, **seeds)
    return 0


def _numbered(result):
    parts = enumerate(tables.tour_text(result), start=2)
    return "\n".join(f"\n{number}. {text}" for number, text in parts)


def _folder(path):
    """Return an existing, writable folder, or raise before anything is computed."""
    path.mkdir(parents=True, exist_ok=True)
    probe = path / ".refnn-probe"
    probe.touch()
    probe.unlink()
    return path
