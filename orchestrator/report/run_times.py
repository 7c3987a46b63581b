"""What the times of a comparison are, and on which machines they were measured, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import Row, comparison_rows, number
from orchestrator.text import counted
from workers.learning.fit_timing import SECOND_FIT_SECONDS

PHOTO_TO_NAME = (
    "From photo to name: the median time to read a photo, find its face, place landmarks, align and encode it, then "
    "the configuration's own median; the known score needs the encoding, whatever the view."
)


def timing_sentences(material: ReportMaterial) -> list[str]:
    """How fits and answers were timed, where, and what may not be compared; nothing where nothing was timed."""
    rows = [row for row in comparison_rows(material.comparison) if row["outcome"] == "ok" and row["fit_seconds"]]
    fits = [row for row in material.fits.to_pylist() if row["outcome"] == "ok" and row["fit_seconds"] is not None]
    if not rows or not fits:
        return []
    used = sorted({host for row in rows for host in row["hosts"]})
    sentences = [
        "Times are those of a warm process: a fit is done again after the first, which imports and compiles, and a "
        "network compiles its step before its clock starts. One face is named a call.",
        f"They were measured on {_machines(fits, used)}.",
        *_several_hosts(sorted({fit["host"] for fit in fits}), used),
        *_busy([fit for fit in fits if fit["host"] in used]),
        *_not_repeated(fits),
    ]
    if any(row["photo_to_name_ms"] is not None for row in rows):
        sentences += [PHOTO_TO_NAME, *_other_hosts(used, sorted({host for row in rows for host in row["photo_hosts"]}))]
    return sentences


def machines_of(fits: pa.Table) -> str:
    """The hosts of `storage.schemas.FITS`, each with its cores and its load; empty where nothing was fitted."""
    rows = fits.select(["host", "cores", "load"]).to_pylist()
    return _machines(rows, sorted({row["host"] for row in rows}))


def _machines(fits: Sequence[Row], used: Sequence[str]) -> str:
    """Each host with its cores and its load."""
    texts = []
    for host in used:
        mine = [fit for fit in fits if fit["host"] == host]
        cores = max((fit["cores"] or 0 for fit in mine), default=0)
        loads = [fit["load"] for fit in mine if fit["load"] is not None]
        load = f", load {number(min(loads))} to {number(max(loads))} when fits began" if loads else ""
        texts.append(f"{host} ({counted(cores, 'core')}{load})" if cores else host)
    return ", ".join(texts)


def _several_hosts(hosts: Sequence[str], used: Sequence[str]) -> list[str]:
    if len(used) > 1:
        return ["No host fitted every configuration: times of different rows may come from different hosts."]
    if len(hosts) > 1:
        return [f"{len(hosts)} hosts fitted ({', '.join(hosts)}); times are of {used[0]} only, which fitted all rows."]
    return []


def _busy(fits: Sequence[Row]) -> list[str]:
    if any(fit["load"] is not None and fit["cores"] and fit["load"] > fit["cores"] for fit in fits):
        return ["The load was above the number of cores, so wall times are longer than on an idle machine."]
    return []


def _not_repeated(fits: Sequence[Row]) -> list[str]:
    names = sorted({fit["configuration"] for fit in fits if fit["warm_fits"] == 0})
    if not names:
        return []
    limit = f"{SECOND_FIT_SECONDS:.0f} s of processor time"
    return [f"Not fitted again, since the first fit took more than {limit}: {', '.join(names)}."]


def _other_hosts(used: Sequence[str], photo_hosts: Sequence[str]) -> list[str]:
    if set(photo_hosts) <= set(used):
        return []
    return [f"The photos were encoded on {', '.join(photo_hosts)}: from photo to name adds times of different hosts."]
