"""Which times of a run may be compared: the machine that timed every configuration, and the steps of a photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

STEPS = ("read", "detect", "landmarks", "align", "encode")
"""Of the face engine, from the file's bytes to the embedding; every configuration's known score needs the last."""

MOST_PHOTOS = 5000
"""The median of so many is exact enough; their keys are hashes, so the first of them are a random sample."""


@dataclass(frozen=True)
class PhotoTime:
    """Median wall time of STEPS for a photo with a face, and the hosts that it was measured on.

    `align` includes the JPEGs of both pictures that a run stores.
    """

    milliseconds: float
    hosts: tuple[str, ...]


def common_host(fits: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """The host that fitted every configuration at least once; the one with the most fits, None where there is none.

    Args:
        fits: rows of FITS by configuration; failed ones do not count.
    """
    done = [[row["host"] for row in rows if row["outcome"] == "ok"] for rows in fits.values()]
    done = [hosts for hosts in done if hosts]
    counts = Counter(host for hosts in done for host in hosts)
    common = [host for host in counts if all(host in hosts for hosts in done)]
    return min(common, key=lambda host: (-counts[host], host)) if common else None


def photo_time(efforts: pa.Table, photos: Collection[str], host: str | None) -> PhotoTime | None:
    """The time of a photo's steps, over MOST_PHOTOS at most; None where no effort of these photos is known.

    Args:
        efforts: the columns photo_key, seconds and worker of `storage.schemas.EFFORTS`, of these photos and others.
        photos: photo keys.
        host: only efforts on this host, where it made any of them.
    """
    mine = efforts.filter(pc.is_in(efforts["photo_key"], pa.array(sorted(photos)[:MOST_PHOTOS], pa.string())))
    seen = [(row["worker"], dict(row["seconds"])) for row in mine.select(["worker", "seconds"]).to_pylist()]
    seen = [(worker, seconds) for worker, seconds in seen if "encode" in seconds]
    chosen = [each for each in seen if each[0] == host] or seen
    if not chosen:
        return None
    totals = [sum(seconds.get(step, 0.0) for step in STEPS) for _, seconds in chosen]
    return PhotoTime(1000 * float(np.median(totals)), tuple(sorted({worker for worker, _ in chosen})))
