"""What a Jupyter notebook shows: the progress of a run, and the report in a frame. Needs no widgets."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli.progress_words import ENDS_EARLY, TITLES
from storage.printable import printable

REDRAW_SECONDS = 0.5
"""At least so long between two drawings; each is kept in the notebook's output until the next."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class NotebookDisplay:
    """The stages of a run as bars in one output, which is drawn again as they move."""

    def __init__(self) -> None:
        self._stages: dict[str, tuple[int, int, str]] = {}
        self._lines: list[str] = []
        self._faults: Sequence[str] = ()
        self._handle: Any = None
        self._drawn = 0.0

    def __enter__(self) -> NotebookDisplay:
        from IPython.display import display

        self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *ended: object) -> None:
        self._draw()

    def show(self, stage: str, done: int, total: int, note: str = "", waiting: str = "", now: str = "") -> None:
        """Move a stage's bar; those of earlier stages become complete."""
        is_new = stage not in self._stages
        if is_new:
            last = 0 if stage in TITLES else done  # the status after a stage that may end early says where it ended
            for name, (before, most, _) in self._stages.items():
                self._stages[name] = (max(before, last) if name in ENDS_EARLY else most, most, "")
        if stage in TITLES:
            self._stages[stage] = (done, total, waiting or note or now)
        if is_new or time.monotonic() - self._drawn >= REDRAW_SECONDS:
            self._draw()

    def tell(self, stage: str, faults: Sequence[str]) -> None:  # noqa: ARG002 - of the protocol
        """Show the faults of a stage while there are any."""
        self._faults = tuple(faults)

    def print_lines(self, lines: Iterable[str]) -> None:
        """Show sentences above the bars."""
        self._lines += lines
        self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._handle:
            self._handle.update(self)

    def __repr__(self) -> str:
        counts = [f"{TITLES[stage]}: {done} of {total}" for stage, (done, total, _) in self._stages.items() if total]
        return "\n".join(printable(line) for line in (*self._lines, *counts, *self._faults))

    def _repr_html_(self) -> str:
        rows = [_row(TITLES[stage], *state) for stage, state in self._stages.items()]
        above = [f"<div>{html.escape(printable(line))}</div>" for line in (*self._lines, *self._faults)]
        return f"{''.join(above)}<table>{''.join(rows)}</table>"


def _row(title: str, done: int, total: int, note: str) -> str:
    count = f"{done} / {total}" if total > 1 else ""
    words = html.escape(printable(note))
    bar = f'<progress value="{done}" max="{max(total, 1)}"></progress>'
    return f'<tr><td style="text-align:left">{title}</td><td>{bar}</td><td>{count}</td><td>{words}</td></tr>'


class ReportFrame:
    """A report, shown in a frame in a notebook.

    Attributes:
        path: of the page, one file, which any browser opens.
    """

    def __init__(self, path: Path, height: int = 700) -> None:
        self.path, self._height = path, height

    def __repr__(self) -> str:
        return f"Report: {self.path}"

    def _repr_html_(self) -> str:
        # the page itself, not its path: a notebook's server shows no file outside its own folder
        page = html.escape(self.path.read_text(encoding="utf-8"), quote=True)
        frame = (
            f'<iframe sandbox="allow-scripts" width="100%" height="{self._height}" style="border:0" srcdoc="{page}">'
        )
        return f"{frame}</iframe>"

    def open(self) -> bool:
        """Open it in the browser; False where there is none."""
        import webbrowser

        return webbrowser.open(self.path.as_uri())
