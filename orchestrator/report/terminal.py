"""The comparison for a terminal: a rich table, plain text, or rows for JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from orchestrator.text import aligned_columns, printable

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = (
    "rank",
    "configuration",
    "view",
    "accuracy",
    "95 % interval",
    "turned away",
    "strangers in",
    "end to end",
    "balanced",
    "photo ms",
    "fit s",
    "ms/face p50",
    "ms/face p95",
)
DISPENSABLE = (
    "view", "ms/face p95", "ms/face p50", "balanced", "fit s", "end to end", "photo ms", "rank", "strangers in",
    "turned away",
)  # fmt: skip
"""Columns that a narrow terminal leaves out, in this order: half a number is worse than none."""
_HEADS = {
    "ms/face p50": "ms/face\np50", "ms/face p95": "ms/face\np95", "turned away": "turned\naway",
    "strangers in": "strangers\nin", "photo ms": "photo\nms", "end to end": "end to\nend",
}  # fmt: skip
"""Column heads on two lines, so that the columns stay narrow."""
NOTHING = "–"

Row = dict[str, Any]


def comparison_rows(table: pa.Table) -> list[Row]:
    """The rows of COMPARISON by rank, ready for `json.dumps`: plain values, None where there is no number."""
    rows = [{key: _plain(value) for key, value in row.items()} for row in table.to_pylist()]
    return sorted(rows, key=lambda row: (row["rank"], not row["recommended"], row["configuration"]))


def comparison_table(table: pa.Table, operating: pa.Table, width: int = 200) -> Table:
    """COMPARISON as a rich table; names and reasons are shown as they are, never read as markup.

    Args:
        operating: OPERATING_POINTS; a configuration without a row shows dashes.
        width: letters of a line; columns that do not fit are left out.
    """
    from rich.console import Console
    from rich.measure import Measurement

    rows, cells = comparison_rows(table), comparison_cells(table, operating)
    columns = list(COLUMNS)
    drawn = _drawn(rows, cells, columns)
    endless = Console(width=10_000)
    for name in DISPENSABLE:
        if Measurement.get(endless, endless.options, drawn).maximum <= width:
            break
        columns.remove(name)
        drawn = _drawn(rows, cells, columns)
    return drawn


def _drawn(rows: list[Row], cells: list[tuple[str, ...]], columns: list[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    more = "" if columns == [*COLUMNS] else " (a wider terminal shows more)"
    drawn = Table(title=f"Comparison on the test faces{more}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        side: Literal["left", "right"] = "left" if column in ("configuration", "view") else "right"
        drawn.add_column(_HEADS.get(column, column), justify=side, no_wrap=True)
    for row, texts in zip(rows, cells, strict=True):
        shown = dict(zip(COLUMNS, texts, strict=True))
        drawn.add_row(*(Text(shown[column]) for column in columns), style="bold" if row["recommended"] else None)
    return drawn


def comparison_text(table: pa.Table, operating: pa.Table) -> str:
    """COMPARISON and OPERATING_POINTS as aligned plain text, a line a configuration, for pipes and logs."""
    return "\n".join(aligned_columns([COLUMNS, *comparison_cells(table, operating)]))


def outcome_counts(table: pa.Table) -> dict[str, int]:
    """How many rows of a table with an `outcome` column ended how, the most frequent first."""
    counts = Counter(table.column("outcome").to_pylist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def percent(value: float | None) -> str:
    """A fraction as '98.1 %'; a dash where there is none."""
    return NOTHING if value is None else f"{100 * value:.1f} %"


def chance(value: float | None) -> str:
    """A p-value to three places; more digits carry no information. A dash where there is none."""
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def points(value: float | None) -> str:
    """A difference of fractions as '+0.4' percentage points; a dash where there is none."""
    return NOTHING if value is None else f"{100 * value:+.1f}"


def interval(low: float | None, high: float | None) -> str:
    """Two fractions as '95.2 to 99.3 %'; a dash where there is none."""
    return NOTHING if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f} %"


def number(value: float | None) -> str:
    """Three significant digits, never an exponent below a million; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return "0" if abs(value) < 5e-7 else f"{value:.{min(decimals, 6)}f}"


def rank_texts(rows: Sequence[Row]) -> list[str]:
    """Ranks as a table shows them: `1=` where several share one, a dash for what failed."""
    shared = Counter(row["rank"] for row in rows if row["outcome"] == "ok")
    return [
        NOTHING if row["outcome"] != "ok" else f"{row['rank']}=" if shared[row["rank"]] > 1 else str(row["rank"])
        for row in rows
    ]


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def comparison_cells(table: pa.Table, operating: pa.Table) -> list[tuple[str, ...]]:
    """The cells of COLUMNS, a tuple a configuration, by rank; arguments as above."""
    rows = comparison_rows(table)
    points = {row["configuration"]: row for row in operating.to_pylist()}
    return [
        _comparison_cells(row, rank, points.get(row["configuration"], {}))
        for row, rank in zip(rows, rank_texts(rows), strict=True)
    ]


def _comparison_cells(row: Row, rank: str, point: Row) -> tuple[str, ...]:
    failed = row["outcome"] != "ok"
    return (
        rank,
        printable(row["configuration"]),
        printable(row["view"]),
        "failed" if failed else percent(row["accuracy"]),
        printable(row["reason"])[:60] if failed else interval(row["accuracy_low"], row["accuracy_high"]),
        percent(point.get("turned_away")),
        percent(point.get("strangers_in")),
        percent(row["end_to_end_accuracy"]),
        percent(row["balanced_accuracy"]),
        number(row["photo_to_name_ms"]),
        number(row["fit_seconds"]),
        number(row["latency_p50_ms"]),
        number(row["latency_p95_ms"]),
    )


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
