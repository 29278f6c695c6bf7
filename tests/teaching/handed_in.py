"""What students hand in: sheets that are filled in, and notebooks that are written."""

import json
import re

from refnn.teaching import assignments
from refnn.teaching.question import shown
from refnn.teaching.worksheets import labels, sheet_text

LOSS_WITHOUT_HALF = "def loss(y_hat, y):\n    return ((y_hat - y) ** 2).sum()"


def fill(of, answers):
    """The sheet with these answers, {label: text or numbers}; other lines stay blank."""
    out = []
    for line in sheet_text(of).splitlines():
        found = re.match(r"(?:Answer|答案) (\d+[a-f])(?:: |：)", line)
        if found and found[1] in answers:
            said = answers[found[1]]
            line = found[0] + (said if isinstance(said, str) else shown(said))
        out.append(line)
    return "\n".join(out)


def perfect(of):
    """The right answers of a sheet."""
    return {label: q.truth[i] for label, q, i in labels(of)}


def code_cells(notebook):
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def source_of(cell):
    return "".join(cell["source"])


def write(tmp_path, notebook, name="a.ipynb"):
    path = tmp_path / name
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def submission(name, function, text):
    """The solution with one function rewritten."""
    notebook = assignments.build(name, "solution")
    [cell] = [c for c in code_cells(notebook) if c["metadata"]["nbgrader"]["grade_id"] == function]
    cell["source"] = text.splitlines(keepends=True)
    return notebook


def with_cells(*texts, name="network"):
    """The solution with cells of the student's own at its end."""
    notebook = assignments.build(name, "solution")
    plain = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    own = [plain | {"id": f"own-{i}", "source": text} for i, text in enumerate(texts)]
    notebook["cells"] += own
    return notebook


def by_function(marks):
    return {row.label: row for row in marks.rows}
