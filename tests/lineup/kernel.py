"""Notebooks, executed by a real Jupyter kernel that speaks over Unix sockets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

SECONDS = 200


@contextmanager
def notebook_client(notebook: Any, folder: Path, environment: Mapping[str, str]) -> Iterator[NotebookClient]:
    """A client of a kernel of this interpreter, whose current folder is `folder`; the kernel ends with it."""
    # the path of a Unix socket must stay below 108 bytes
    sockets = Path(tempfile.mkdtemp(prefix="nb"))
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", connection_file=str(sockets / "k.json"))
    client = NotebookClient(notebook, km=manager, timeout=SECONDS, resources={"metadata": {"path": str(folder)}})
    try:
        with client.setup_kernel(env=dict(environment)):
            yield client
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def pid_of(client: NotebookClient) -> int:
    """The process of its kernel."""
    kernel: Any = client.km
    pid: int = kernel.provisioner.process.pid
    return pid


def read_notebook(path: Path) -> Any:
    """The notebook of a file."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def new_notebook(*sources: str) -> Any:
    """A notebook with a cell of code for each source."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]
    return nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]


def shown(cell: Any) -> str:
    """The text of a cell's outputs."""
    texts = [each.get("text") or each.get("data", {}).get("text/plain", "") for each in cell.outputs]
    return "\n".join(texts)
