"""Run a notebook from a clean kernel, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@lru_cache
def execute(path):
    """The cells of a notebook after its run; an AssertionError with what the kernel said if it failed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute",
                   "--ExecutePreprocessor.timeout=170", "--ExecutePreprocessor.record_timing=False",
                   "--output-dir", folder, str(path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads((Path(folder) / path.name).read_text(encoding="utf-8"))["cells"]
