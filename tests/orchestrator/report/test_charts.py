"""Geometry of the charts."""

from __future__ import annotations

import json

from orchestrator.report.bar_charts import accuracy_bars, latency_bars
from orchestrator.report.curve_charts import learning_curves
from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import comparison_rows


def test_a_bar_is_as_long_as_its_accuracy_and_its_whisker_spans_the_interval(material: ReportMaterial) -> None:
    bar = accuracy_bars(comparison_rows(material.comparison))[2]
    assert (bar.name, bar.length, bar.low, bar.high) == ("cnn-small", 75.0, 66.0, 82.0)


def test_latency_bars_stay_inside_the_chart_fastest_first(material: ReportMaterial) -> None:
    bars = latency_bars(comparison_rows(material.comparison))
    assert bars[0].name == "svm-linear"
    assert min(bar.start for bar in bars) >= 0
    assert max(bar.start + bar.length for bar in bars) <= 100


def test_only_networks_have_learning_curves_and_they_share_an_axis(material: ReportMaterial) -> None:
    loss, accuracy = learning_curves(material.fits)
    assert [line.name for line in loss.lines] == ["loss", "val_loss"]
    assert loss.lines[1].points.startswith("0.00,0.00")
    assert accuracy.lines[0].last == "0.900"


def test_the_curves_of_an_ensemble_are_told_in_two_words(material: ReportMaterial) -> None:
    history = {f"{member} {name}": [1.0, end] for member, end in ((1, 0.5), (2, 0.25)) for name in ("loss", "val_loss")}
    table = material.fits.slice(0, 1).to_pylist()
    fits = material.fits.from_pylist([{**table[0], "history": json.dumps(history)}], schema=material.fits.schema)
    (panel,) = learning_curves(fits)
    assert [line.style for line in panel.lines] == [0, 1, 0, 1]
    assert panel.legend == (
        (0, "training faces of 2 networks: 0.250 to 0.500 at the end"),
        (1, "faces held out of training of 2 networks: 0.250 to 0.500 at the end"),
    )
