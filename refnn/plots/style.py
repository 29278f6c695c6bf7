"""This module holds what all figures share, from their colours to how they are saved.

A colour (of Okabe & Ito) has one meaning in the whole project: original weights are grey, as
written is vermillion, corrected is blue, pruned is green, and a code book is pink."""

from functools import wraps
from io import BytesIO
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from refnn.files import write_whole

ORIGINAL, WRITTEN, CORRECTED, PRUNED, BOOK = "#666666", "#D55E00", "#0072B2", "#009E73", "#CC79A7"
COLOUR = {"as written": WRITTEN, "corrected": CORRECTED, "code book": BOOK}
# fmt: off
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "figure.titlesize": 11,
    "axes.titlesize": 9, "axes.labelsize": 9, "xtick.labelsize": 9, "ytick.labelsize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.unicode_minus": True,
    "hatch.linewidth": 0.6, "svg.hashsalt": "refnn",
}
# fmt: on
BLUES = ("#08306B", "#08519C", "#2171B5", "#4292C6", "#6BAED6")  # CORRECTED, from many bits to few
NOTE, THRESHOLD = "#444444", {"color": "black", "linewidth": 1, "linestyle": "--"}
SIGN = {True: "#B35806", False: "#542788"}  # brown if w > 0, else purple, as in the heat maps
REMOVED = {"color": PRUNED, "hatch": "////", "edgecolor": "white", "linewidth": 0}
WIDTH = 7.0  # inches, the width of a notebook's column


def save(figure, path):
    """Write a figure as PNG, completely or not at all.

    The file does not name the software, so that equal figures give equal files.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Figure(), Path(folder) / "empty.png")
    ...     [path.name for path in Path(folder).iterdir()]
    ['empty.png']
    """
    data = BytesIO()
    figure.savefig(data, format="png", dpi=150, metadata={"Software": None})
    write_whole({Path(path): data.getvalue()}, force=True)


def styled(draw):
    """Decorate a function that draws, so that it uses STYLE.

    The settings of matplotlib have no influence and stay as they are.

    >>> before = matplotlib.rcParams["axes.spines.top"]
    >>> figure = styled(lambda: blank(1, "a title"))()
    >>> matplotlib.rcParams["axes.spines.top"] == before
    True
    """

    @wraps(draw)
    def drawn(*arguments, **options):
        with matplotlib.rc_context(STYLE):
            figure = draw(*arguments, **options)
            figure.canvas.draw()
            return figure

    return drawn


def blank(height, title, size=10):
    """Return a figure of the project's width with a title and without axes.

    height is in inches.

    >>> blank(2.0, "a title").get_size_inches().tolist()
    [7.0, 2.0]
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, fontsize=size)
    return figure


def note(figure, y, text, **options):
    """Write numbers and conditions, centred, at the height y (0 is the bottom, 1 the top).

    >>> note(blank(2.0, "a title"), 0.9, "50 networks").get_text()
    '50 networks'
    """
    return figure.text(0.5, y, text, ha="center", color=NOTE, **options)


def beside(ax, text, at, offset, **options):
    """Write text beside the point `at`, away from it by offset = (x, y).

    The unit of offset is the typographic point, 1/72 of an inch.

    >>> beside(blank(2.0, "a title").subplots(), "8 bits", (0, 1), (4, 0)).xy
    (0, 1)
    """
    return ax.annotate(text, at, offset, textcoords="offset points", **options)


def thousands(n):
    """Return a whole number as text with thin spaces between the groups of three digits.

    >>> thousands(12200) == "12\u2009200"
    True
    """
    return f"{n:,}".replace(",", "\u2009")
