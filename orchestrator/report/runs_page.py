"""All runs of a store as a page that reads offline; each finished one leads to its report."""

from __future__ import annotations

from pathlib import Path

from orchestrator.report.bokeh_figures import OWN, script_policy, script_text
from orchestrator.report.page import STEERING_LETTERS, page_environment
from orchestrator.report.runs_table import RUN_COLUMNS, RunSummary, run_cells
from storage.runs import run_folder
from storage.write_whole import write_bytes

PAGE = "runs.html"


def draw_runs(store: Path, rows: list[tuple[str, RunSummary, str]]) -> Path:
    """Write the page beside the runs and return its path; raises StoreError.

    Args:
        rows: (name, summary, state in words), as for `runs_text`.
    """
    pages = {name: run_folder(store, name) / "report" / "index.html" for name, _, _ in rows}
    links = {name: page.relative_to(store).as_posix() for name, page in pages.items() if page.exists()}
    path = store / PAGE
    write_bytes(path, runs_page(store.name, rows, links).encode())
    return path


def runs_page(title: str, rows: list[tuple[str, RunSummary, str]], links: dict[str, str]) -> str:
    """The page as HTML text.

    Args:
        links: address of the report by the name of the run.
    """
    scripts = (script_text(OWN / "tables.js"),)
    page = (
        page_environment(OWN)
        .get_template("runs.html.jinja")
        .render(
            title=title,
            heads=RUN_COLUMNS,
            rows=[(links.get(row[0], ""), run_cells(row)) for row in rows],
            style=(OWN / "page.css").read_text(encoding="utf-8"),
            scripts=scripts,
            script_policy=script_policy(scripts),
        )
    )
    return page.translate(STEERING_LETTERS)
