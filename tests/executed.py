"""Run a notebook from a clean kernel."""

import os
from pathlib import Path

import warm

ROOT = Path(__file__).parents[1]


def execute(path):
    """Its cells after the run; nbclient's error with what the kernel said if a cell failed."""
    import nbformat  # takes seconds: beside the tests
    from jupyter_client import AsyncKernelManager
    from nbclient import NotebookClient

    class Warm(AsyncKernelManager):
        def format_kernel_cmd(self, extra_arguments=None):
            return warm.command(self.connection_file)

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=170, record_timing=False, resources={"metadata": {"path": path.parent}}
    )
    client.extra_arguments = ["--IPKernelApp.log_level=40"]  # errors: no word about the transport
    if warm.FORKS:
        client.kernel_manager_class = Warm
    return client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)}).cells
