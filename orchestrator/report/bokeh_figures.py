"""The report's two pictures as Bokeh documents, and the scripts that draw them.

Colours are tokens that page.js replaces by the page's own, so that light, dark and paper have theirs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections import defaultdict
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.report.embedding_map import MappedFaces
from orchestrator.report.terminal import Row, interval, number, percent
from orchestrator.report.words import scored

OWN = Path(__file__).parent
INK, SOFT, LINE, BAR, BAD, PAPER = (f"#0a0b0{place}" for place in range(1, 7))
"""Tokens; page.js knows the same ones."""
_CLEAR = "rgba(0, 0, 0, 0)"
_MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star", "plus")
NAMES_ON_A_MAP = 25
"""More names than this cannot be read on the map; the line below it says the name of each face."""
_NARROW = 300
"""Pixels of the picture on a phone."""


@cache
def page_scripts() -> tuple[str, ...]:
    """Bokeh's own script and the page's; nothing else runs."""
    import bokeh

    folder = Path(bokeh.__file__).parent / "server" / "static" / "js"
    return tuple(script_text(file) for file in (folder / "bokeh.min.js", OWN / "page.js", OWN / "tables.js"))


def script_text(file: Path) -> str:
    """A script as a page embeds it."""
    return file.read_text(encoding="utf-8").replace("\r", "")


def script_policy(scripts: tuple[str, ...]) -> str:
    """The sources of a content security policy that allow these scripts alone.

    >>> script_policy(("1",))
    "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    """
    digests = (hashlib.sha256(text.encode()).digest() for text in scripts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)


def accuracy_figure(rows: list[Row]) -> str:
    """JSON of accuracy with its interval against milliseconds from photo to name; empty where nothing was timed."""
    timed = [row for row in scored(rows) if row["photo_to_name_ms"]]
    if not timed:
        return ""
    timed.sort(key=lambda row: (-row["accuracy"], not row["recommended"], row["configuration"]))
    low, high, across = _places([row["photo_to_name_ms"] for row in timed])
    ends = [value for row in timed for value in (row["accuracy_low"], row["accuracy"]) if value is not None]
    bottom = max(-4.0, math.floor(100 * min(ends) / 10 - 0.5) * 10.0)
    drawn = _empty_figure(
        max(300, 60 + 26 * len(timed)), (low, high + (high - low) * _name_share(timed)), (bottom, 104.0)
    )
    drawn.toolbar_location = None
    drawn.xaxis.axis_label, drawn.yaxis.axis_label = "milliseconds from photo to name", "test accuracy, %"
    drawn.yaxis.ticker = accuracy_ticks(bottom)
    drawn.xaxis.ticker = _ticks(low, high)
    drawn.xaxis.major_label_overrides = {place: number(10**place) for place in _ticks(low, high)}
    _draw_rows(drawn, timed, across, (high, bottom))
    return _document(drawn)


def map_figure(faces: MappedFaces) -> str:
    """JSON of the map; hovering shows the face, its person and its photo."""
    from bokeh.models import ColumnDataSource
    from bokeh.palettes import Category20_20

    drawn = _empty_figure(520, _around(faces.x), _around(faces.y))
    drawn.toolbar_location = "above"
    drawn.axis.visible = False
    drawn.grid.visible = False
    people = {label: place for place, label in enumerate(dict.fromkeys(faces.labels))}
    source = ColumnDataSource(
        {
            "x": faces.x, "y": faces.y, "label": faces.labels, "path": faces.paths, "face": faces.thumbnails,
            "said": [f"taken for {name}" if name else "" for name in faces.said],
            "colour": [Category20_20[(2 * people[label] + people[label] // 10) % 20] for label in faces.labels],
            "marker": [_MARKERS[people[label] // 20 % len(_MARKERS)] for label in faces.labels],
            "edge": [BAD if name else _CLEAR for name in faces.said],
        },
        name="faces",
    )  # fmt: skip
    drawn.scatter("x", "y", source=source, marker="marker", size=9, fill_color="colour", fill_alpha=0.85,
                  line_color="edge", line_width=2.5, nonselection_fill_alpha=0.35,
                  selection_line_color=INK)  # fmt: skip
    if len(people) <= NAMES_ON_A_MAP:
        _name_people(drawn, faces)
    _hover(drawn, '<img src="data:image/jpeg;base64,@face" alt="" width="96" height="96"><br>@label<br>@path<br>@said')
    return _document(drawn)


def _places(times: list[float]) -> tuple[float, float, list[float]]:
    """Both ends of a logarithmic axis, and the place of each time on it; equal times are set side by side."""
    logs = [math.log10(value) for value in times]
    middle, half = (min(logs) + max(logs)) / 2, max((max(logs) - min(logs)) / 2 * 1.15, 0.15)
    low, high = middle - half, middle + half
    step = (high - low) / 40
    columns: dict[int, list[int]] = defaultdict(list)
    for place, value in enumerate(logs):
        columns[round((value - low) / (4 * step))].append(place)
    across = [*logs]
    for places in columns.values():
        for order, place in enumerate(places):
            across[place] += step * (order - (len(places) - 1) / 2) * min(1.0, 8 / len(places))
    return min([low, *(value - step for value in across)]), max([high, *(value + step for value in across)]), across


def _ticks(low: float, high: float) -> list[float]:
    """Places of some round milliseconds on the logarithmic axis."""
    least, most = 10**low, 10**high
    powers = [factor * 10.0**power for power in range(-5, 7) for factor in (1, 2, 5)]
    if most / least > 12:
        return [math.log10(value) for value in powers if least <= value <= most]
    step = next(value for value in powers if (most - least) / value <= 6)
    first, last = math.ceil(least / step), math.floor(most / step)
    return [math.log10(step * count) for count in range(first, last + 1)]


def _name_share(rows: list[Row]) -> float:
    """Of the axis, kept free at its right for the names, so that a phone shows them too."""
    pixels = 15 + 6.5 * max(len(_marked_name(row)) for row in rows)
    return min(pixels / max(_NARROW - pixels, 1), 1.0)


def _draw_rows(drawn: Any, rows: list[Row], across: list[float], corner: tuple[float, float]) -> None:
    """Points, whiskers, and the names at the right with a line to their points."""
    from bokeh.models import ColumnDataSource

    right, bottom = corner
    accuracies = [100 * row["accuracy"] for row in rows]
    heights = [100.0 - (place + 0.5) * (100.0 - bottom) / len(rows) for place in range(len(rows))]
    source = ColumnDataSource(
        {
            "x": across,
            "y": accuracies,
            "low": [
                100 * (row["accuracy_low"] if row["accuracy_low"] is not None else row["accuracy"]) for row in rows
            ],
            "high": [
                100 * (row["accuracy_high"] if row["accuracy_low"] is not None else row["accuracy"]) for row in rows
            ],
            "colour": [BAR if row["recommended"] else SOFT for row in rows],
            "name": [_marked_name(row) for row in rows],
            "right": [right] * len(rows),
            "height": heights,
            "accuracy": [percent(row["accuracy"]) for row in rows],
            "interval": [interval(row["accuracy_low"], row["accuracy_high"]) for row in rows],
            "ms": [number(row["photo_to_name_ms"]) for row in rows],
            "size": [13 if row["recommended"] else 9 for row in rows],
        }
    )
    drawn.segment("x", "y", "right", "height", source=source, line_color=LINE)
    drawn.segment("x", "low", "x", "high", source=source, line_color="colour", line_width=1.6)
    points = drawn.scatter("x", "y", source=source, size="size", color="colour")
    drawn.text("right", "height", "name", source=source, text_color=INK, text_font_size="12px", x_offset=5,
               text_baseline="middle")  # fmt: skip
    _hover(drawn, "<b>@name</b><br>@accuracy (@interval)<br>@ms ms from photo to name", [points])


def _marked_name(row: Row) -> str:
    """A configuration's name, marked where it is the recommended one."""
    return f"{row['configuration']} ★" if row["recommended"] else str(row["configuration"])


def _name_people(drawn: Any, faces: MappedFaces) -> None:
    places: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(faces.labels):
        places[label].append(place)
    x = [median(faces.x[place] for place in own) for own in places.values()]
    y = [median(faces.y[place] for place in own) for own in places.values()]
    drawn.text(x, y, [label[:24] for label in places], text_color=INK, text_font_size="13px", text_align="center",
               text_baseline="middle", text_font_style="bold", background_fill_color=PAPER,
               background_fill_alpha=0.75)  # fmt: skip


def accuracy_ticks(bottom: float) -> list[float]:
    """Six percentages or fewer from the bottom of an axis up to 100, which no accuracy exceeds.

    >>> accuracy_ticks(90.0)
    [90.0, 92.0, 94.0, 96.0, 98.0, 100.0]
    """
    least = max(0.0, bottom)
    step = next(value for value in (2.0, 5.0, 10.0, 20.0) if (100 - least) / value <= 5)
    return [100 - step * count for count in range(int((100 - least) / step), -1, -1)]


def _around(values: list[float]) -> tuple[float, float]:
    margin = max(0.1 * (max(values) - min(values)), 1e-3)
    return min(values) - margin, max(values) + margin


def _empty_figure(height: int, x_range: tuple[float, float], y_range: tuple[float, float]) -> Any:
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    across, upwards = (Range1d(start=start, end=end) for start, end in (x_range, y_range))
    drawn = figure(
        height=height, sizing_mode="stretch_width", x_range=across, y_range=upwards, tools="pan,box_zoom,reset",
        active_drag=None, background_fill_color=None, border_fill_color=None, outline_line_color=LINE,
    )  # fmt: skip
    drawn.toolbar.logo = None
    drawn.grid.grid_line_color = LINE
    for axis in (*drawn.xaxis, *drawn.yaxis):
        axis.axis_label_text_color = axis.major_label_text_color = SOFT
        axis.axis_line_color = axis.major_tick_line_color = LINE
        axis.minor_tick_line_color = None
        axis.axis_label_text_font_style = "normal"
    return drawn


def _hover(drawn: Any, template: str, renderers: Any = "auto") -> None:
    from bokeh.models import HoverTool

    drawn.add_tools(HoverTool(tooltips=f"<div>{template}</div>", renderers=renderers))


def _document(drawn: Any) -> str:
    """The figure as JSON that may stand inside a script element; equal figures give equal text."""
    from bokeh.embed import json_item

    text = json.dumps(_renumbered(json_item(drawn), {}), ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _renumbered(value: Any, known: dict[str, str]) -> Any:
    """Bokeh counts its objects through the process: count them through the document instead."""
    if isinstance(value, dict):
        return {
            key: known.setdefault(each, f"o{len(known)}")
            if key in ("id", "root_id") and isinstance(each, str)
            else _renumbered(each, known)
            for key, each in value.items()
        }
    return [_renumbered(each, known) for each in value] if isinstance(value, list) else value
