"""The answers for the photos of an encode run, each as soon as its faces are stored.

`lineup identify --queue` plans such a run, and workers encode its photos with the engine and the encoders of the
recogniser. Names are found here, from what is stored.
"""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere
from orchestrator.experiment.chosen_encoders import with_planned_encoders
from orchestrator.inference.encoded_photos import EncodedPhotos
from orchestrator.inference.heap_run import HeapRun, plan_heap
from orchestrator.inference.photos import PhotoAnswer, annotated_jpeg, answer_of
from storage.encodings import Done
from storage.experiments import Experiment
from storage.outputs import OutputLedger
from storage.parts import read_parts
from storage.runs import Run
from storage.schemas import CATALOG, FACES
from storage.tables import read_table
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.null_engine import names_nobody
from workers.faces.records import PhotoResult
from workers.faces.refusal import Refusal
from workers.jobs.catalogued_file import dataset_of, read_catalogued
from workers.jobs.photo_ref import PhotoRef
from workers.recognition.recogniser import Recogniser

LEAST_BATCH = 2_000
"""Photos whose faces are in memory together, where as many are stored; their answers are sorted by path."""

MOST_BATCHES = 50
"""Each batch looks into all parts of the encodings."""


def plan_naming(
    compared: Run,
    folder: Path,
    recogniser: Recogniser,
    outputs: OutputLedger,
    on_photo: OnPhoto | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> HeapRun:
    """Plan the run that encodes the photos of a folder as `recogniser` needs them.

    Args:
        compared: the run of the recogniser, whose limits of time and attempts are taken.
        folder, outputs, on_photo, elsewhere: of `plan_heap`, which has the errors, too.

    Raises:
        ExperimentError: the network of an encoder is not there any more.
        EngineError: the faces of the run are invented.
    """
    if recogniser.engine.null_engine:
        raise names_nobody()
    limits, encoders = compared.plan.experiment, {name: each.settings for name, each in recogniser.others.items()}
    experiment = Experiment(
        photo_seconds=limits.photo_seconds,
        attempts=limits.attempts,
        faces=recogniser.settings,
        encoders=encoders,
    )
    planned = with_planned_encoders(compared.store, experiment, encoders)
    return plan_heap(compared.store, folder, planned, outputs, on_photo, elsewhere)


class RunAnswers:
    """The answers for the photos of a run of `plan_naming`; each is given once.

    Args:
        folder: the folder as the user named it; the paths of the answers begin with it.
        annotate: whether answers come with a JPEG.

    Raises:
        StoreError: the catalogue cannot be read.
    """

    def __init__(self, run: Run, folder: Path, recogniser: Recogniser, annotate: bool) -> None:
        self._run, self._folder, self._recogniser, self._annotate = run, folder, recogniser, annotate
        self._encoded, self._failed = EncodedPhotos(run.store, recogniser), Done(run.failures)
        rows = read_table(run.catalog, CATALOG, ["photo_key", "path", "outcome", "reason"]).to_pylist()
        refused = [row for row in rows if row["outcome"] != "ok"]
        self._next = deque(
            (PhotoRef(row["photo_key"], row["path"]), PhotoAnswer(folder / row["path"], row["outcome"], row["reason"]))
            for row in refused
        )
        self._paths: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["outcome"] == "ok":
                self._paths[row["photo_key"]].append(row["path"])
        self.paths = [folder / row["path"] for row in rows]
        self._left = dict.fromkeys(self._paths)
        self._before = frozenset(self._encoded.look() & self._paths.keys())
        self._batch: deque[PhotoResult] = deque()

    @property
    def are_missing(self) -> bool:
        """Whether there are photos that are not encoded yet, and have not failed in this run."""
        return bool(self._left.keys() - self._encoded.look() - self._failed.look())

    def take(self) -> Generator[tuple[PhotoAnswer, bytes | None], None, None]:
        """The answers that there are now and were not given before, those of a moment by path.

        An iterator that is not used up leaves the rest to the next call.
        """
        yield from self._given()
        yield from self._of_batch()
        encoded = self._encoded.look()
        ready = iter([key for key in self._left if key in encoded])
        size = max(LEAST_BATCH, len(self._paths) // MOST_BATCHES)
        while batch := list(itertools.islice(ready, size)):
            results = self._encoded.results(batch, timed=True)
            self._batch.extend(sorted(results, key=lambda each: self._paths[each.photo_key][0]))
            yield from self._of_batch()
        failed = self._failed.look() - encoded
        parts = self._failed.parts_of([key for key in self._left if key in failed])
        for row in read_parts(parts, FACES, ["photo_key", "outcome", "reason"]).to_pylist():
            if row["photo_key"] in self._left:
                self._answer(PhotoResult(row["photo_key"], [], row["outcome"], row["reason"], ""))
                yield from self._given()

    def _of_batch(self) -> Iterator[tuple[PhotoAnswer, bytes | None]]:
        """The answers of the results that were read and not named yet; what the caller leaves is not read again."""
        while self._batch:
            self._answer(self._batch.popleft())
            yield from self._given()

    def _given(self) -> Iterator[tuple[PhotoAnswer, bytes | None]]:
        """The next answers, with their JPEGs."""
        while self._next:
            photo, answer = self._next.popleft()
            yield answer, self._copy(photo, answer) if self._annotate and answer.was_read else None

    def _answer(self, result: PhotoResult) -> None:
        """Note the answer for each path of a photo."""
        key = result.photo_key
        self._left.pop(key, None)
        first = answer_of(Path(), result, self._recogniser)
        stored = key in self._before
        encoding = sum(result.seconds.values())
        seconds = first.seconds if stored else first.seconds + encoding if encoding else 0.0
        for path in self._paths[key]:
            answer = replace(first, path=self._folder / path, stored=stored, seconds=seconds)
            self._next.append((PhotoRef(key, path), answer))

    def _copy(self, photo: PhotoRef, answer: PhotoAnswer) -> bytes | None:
        """The JPEG of an answer; None where the photo is gone, or is another one, since it was encoded."""
        limits = self._run.plan.engine.limits
        data = read_catalogued(dataset_of(self._run), photo, limits.file_bytes)
        decoded = data if isinstance(data, Refusal) else guarded_reader().image(data, limits)
        return None if isinstance(decoded, Refusal) else annotated_jpeg(decoded, answer, self._recogniser)
