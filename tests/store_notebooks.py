"""Run the notebooks and store their outputs: python tests/store_notebooks.py [NAME …]"""

import sys

import nbformat
from executed import ROOT, execute


def joined(outputs):
    """Return the outputs of a cell with consecutive prints as one, however the kernel sent them."""
    result = []
    for output in outputs:
        last = result[-1] if result else {}
        if output["output_type"] == "stream" and output.get("name") == last.get("name"):
            last["text"] += output["text"]
        else:
            result.append(output)
    return result


if __name__ == "__main__":
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if len(sys.argv) == 1 or path.stem in sys.argv[1:]:
            notebook = nbformat.read(path, as_version=4)
            notebook.cells = execute(path)
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs = joined(cell.outputs)
            nbformat.write(notebook, path)
            print(path.name)
