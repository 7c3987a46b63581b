"""The table of places compares laps of the same round, and counts the server's processor time apart."""

from __future__ import annotations

from dataclasses import asdict

from benchmarks.store_throughput import FOLDER, StoreLap, throughput_table


def test_each_place_is_compared_with_the_folder_in_the_same_round() -> None:
    quiet, busy = (StoreLap(100, 1.0, seconds, 1.0, 0.0) for seconds in (5.0, 20.0))
    beside = [StoreLap(100, 2.0, 2 * lap.stage, 1.25, 0.5) for lap in (quiet, busy)]
    laps = {FOLDER: [quiet, busy], "a bucket": beside}
    table = throughput_table({"laps": {name: [asdict(lap) for lap in some] for name, some in laps.items()}})

    assert table.splitlines()[2:] == [
        "| a folder | 12.5 | 1.00 | 10.0 | 1.00 | 0.0 | 1.0 |",
        "| a bucket | 6.2 | 0.50 | 12.5 | 0.80 | 5.0 | 2.0 |",
    ]
