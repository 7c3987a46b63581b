"""The task compare_run: aggregate every score of a run into its comparison."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.attempts import Attempt
from storage.experiments import Protocol
from storage.finding_schemas import COMPARISON_TABLES, DRAWS, K_SHOT, NEAR_DUPLICATES
from storage.parts import list_parts, read_parts
from storage.plans import COMPARISON_RUN
from storage.run_faces import read_embeddings, read_faces
from storage.runs import Run
from storage.schemas import CATALOG, EFFORTS, FITS, SCORES, SPLITS
from storage.tables import read_table, usable_rows, write_run_tables
from workers.jobs.job import check_kind, run_job
from workers.jobs.load_faces import KEY_COLUMNS, forget_faces, one_face_each
from workers.jobs.part_names import comparison_part
from workers.jobs.planned_trainings import lacks_trainings
from workers.jobs.time_limits import COMPARISON_SECONDS
from workers.learning.configurations import find_configuration, is_baseline, view_of_configuration
from workers.memory import keep_heap_small
from workers.recognition.encoder_scales import scale_of


def compare(run: Run) -> None:
    """Write the tables of the comparison of a run (COMPARISON_TABLES), unless they are there.

    Raises:
        Refused: the run compares nothing, or a training is not done yet.
        StoreError: a table is missing or damaged, or the disk is full.
    """

    check_kind(run, COMPARISON_RUN)

    def work(_attempt: Attempt, _number: int) -> None:
        forget_faces()
        keep_heap_small()
        write_run_tables(run, _tables(run))

    def is_done() -> bool:
        return all(run.table(name).is_file() for name in COMPARISON_TABLES)

    part = comparison_part(run.plan.fingerprint)
    run_job(run, part, COMPARISON_SECONDS, work, is_done=is_done, lacks=lambda: lacks_trainings(run))


def _tables(run: Run) -> dict[str, pa.Table]:
    """COMPARISON_TABLES by name, the comparison last."""
    from workers.compare.comparison import compare_configurations
    from workers.compare.end_to_end import counted_photos, right_and_wrong
    from workers.compare.k_shot import k_shot_table, largest_shot
    from workers.compare.operating_points import operating_points
    from workers.compare.subgroups import subgroup_table

    protocol, names = run.plan.experiment.protocol, run.plan.experiment.configurations
    catalog = read_table(run.catalog, CATALOG)
    suspects = _suspects(run, catalog)  # first: it needs the embeddings of all faces, and the others none
    keep_heap_small()  # what it took is free now
    every, faces = read_table(run.splits, SPLITS), read_faces(run, ["photo_key", "outcome"])
    scores, fits, splits = read_parts(list_parts(run.scores), SCORES), read_parts(list_parts(run.fits), FITS), every
    k_shot = K_SHOT.empty_table()
    if protocol.kind == "k-shot":
        k_shot = k_shot_table(scores, every, names, protocol.shots)
        scores, fits, splits = (largest_shot(table, every) for table in (scores, fits, splits))
    photos = counted_photos(catalog, faces, splits, _least_photos(protocol, splits))
    views = {name: view_of_configuration(name) for name in names}
    efforts = read_parts(list_parts(run.encodings / "efforts"), EFFORTS, ["photo_key", "seconds", "worker"])
    scales = {
        name: scale_of(run.plan.engine, find_configuration(name).encoder, run.plan.experiment.encoders)
        for name in names
    }
    points = operating_points(_complete(scores, fits), scales)
    baselines = {name for name in names if is_baseline(name)}
    compared = compare_configurations(scores, fits, splits, views, right_and_wrong(photos), efforts, points, baselines)
    return {
        "k_shot": k_shot,
        "subgroups": subgroup_table(scores, catalog, faces, list(_accuracies(compared.table))),
        "draws": _draws(protocol, compared.table, fits),
        "end_to_end": photos,
        "suspects": suspects,
        **compared.tables(),
    }


def _suspects(run: Run, catalog: pa.Table) -> pa.Table:
    """Label errors are looked for among all faces with one label, whatever the protocol does with them."""
    from workers.compare.suspects import find_suspects, suspects_table
    from workers.learning.face_arrays import labels_of

    faces = read_faces(run, KEY_COLUMNS)
    asked = one_face_each(run, catalog, usable_rows(faces.append_column("row", pa.array(np.arange(faces.num_rows)))))
    named, _ = labels_of(catalog)
    asked = asked.filter(pc.is_in(asked["photo_key"], value_set=pa.array(sorted(named), pa.string())))
    keys = list(zip(asked["photo_key"].to_pylist(), asked["face_index"].to_pylist(), strict=True))
    chosen = np.zeros(faces.num_rows, bool)
    chosen[asked["row"].to_numpy()] = True
    labels = [named[photo] for photo, _ in keys]
    rows = read_table(run.table("near_duplicates"), NEAR_DUPLICATES).to_pylist()
    near = [((row["first"], row["first_face"]), (row["second"], row["second_face"])) for row in rows]
    del faces, asked
    found = find_suspects(read_embeddings(run.faces, chosen), keys, labels, near)
    usable = usable_rows(catalog)
    columns = (usable[name].to_pylist()[::-1] for name in ("photo_key", "path"))
    return suspects_table(found, keys, labels, dict(zip(*columns, strict=True)))


def _least_photos(protocol: Protocol, splits: pa.Table) -> int:
    """Distinct photos with a face without which a person is not in these splits."""
    if protocol.kind == "k-shot":
        largest: int = max(splits["fold"].to_pylist())
        return max(protocol.least_photos, protocol.shots[largest] + 1)
    return protocol.least_photos


def _draws(protocol: Protocol, comparison: pa.Table, fits: pa.Table) -> pa.Table:
    from workers.compare.draw_table import draw_table

    if protocol.kind != "holdout" or protocol.repeats > 1:
        return DRAWS.empty_table()
    return draw_table(_accuracies(comparison), fits)


def _complete(scores: pa.Table, fits: pa.Table) -> pa.Table:
    """The scores of the configurations that failed on no split: part of the splits would be other test faces."""
    failed = fits.filter(pc.not_equal(pc.cast(fits["outcome"], pa.string()), "ok"))["configuration"]
    if not len(failed):
        return scores
    incomplete = pc.cast(pc.unique(failed), pa.string())
    return scores.filter(pc.invert(pc.is_in(pc.cast(scores["configuration"], pa.string()), incomplete)))


def _accuracies(comparison: pa.Table) -> dict[str, float]:
    """By configuration, of those that did not fail."""
    columns = (comparison[name].to_pylist() for name in ("configuration", "accuracy"))
    return {name: accuracy for name, accuracy in zip(*columns, strict=True) if accuracy is not None}
