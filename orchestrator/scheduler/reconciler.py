"""The loop: what should be − what is = what to send. It remembers nothing that it could not find again.

The orchestrator may die at any moment; whoever comes next looks into the store and goes on.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from orchestrator.dataset.splits import make_splits
from orchestrator.experiment.chosen_configurations import check_configurations
from orchestrator.experiment.trained_encoders import check_encoders
from orchestrator.report.build import draw_report
from orchestrator.report.encoder_summary import acquaintances
from orchestrator.scheduler import work as stages
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.dispatcher import Dispatcher
from orchestrator.scheduler.status import Status, look_at
from storage.attempts import count, forget, look
from storage.collect_faces import write_faces
from storage.encodings import Done, compact
from storage.errors import RunStuck
from storage.parts import is_whole, part_path, probe, sweep, write_part
from storage.plans import COMPARISON_RUN, ENCODER_RUN, FACES_RUN
from storage.runs import Run
from storage.schemas import CATALOG, COMPARISON, FACES, FITS, SCORES, SPLITS
from storage.tables import read_table
from workers.jobs.part_names import refit_part
from workers.queue.messages import Message, compare_run_message, train_encoder_message
from workers.queue.task_names import IMAGES, TRAINING

POLL_SECONDS = 0.2
"""Between two looks at the store, at least: a listing costs a millisecond, and a person sees no delay. With a million
photos a look takes a second; then as long is rested."""

SHORTEST_POLL_SECONDS = 0.025
"""Between two looks when each process has its last message of a stage: the next stage should not wait for us."""

MESSAGES_PER_PROCESS = 4
LEAST_WINDOW = 32


class Reconciler:
    """One run's way to its report; call `step` until it says that the run is not running.

    Args:
        photos_per_task: 0 lets it follow from how many are left.
        processes: worker processes that are to be kept busy.
    """

    def __init__(self, run: Run, broker: Broker, photos_per_task: int = 0, processes: int = 2) -> None:
        self.run = run
        check_configurations(run.plan.experiment)
        self._experiment = run.plan.experiment
        self._size = photos_per_task
        self._processes = processes
        self._photos: dict[str, str] | None = None
        self._encoded = Done(run.encodings / "faces")
        self._failed = Done(run.failures)
        self._trainings: Mapping[str, tuple[str, int, int]] | None = None
        self._whole: set[Path] = set()
        self._people_checked = False
        self._rest, self._seen = POLL_SECONDS, 0
        window = max(LEAST_WINDOW, MESSAGES_PER_PROCESS * processes)
        self._images = Dispatcher(broker, IMAGES, window)
        self._training = Dispatcher(broker, TRAINING, window)

    def rest_seconds(self) -> float:
        """Until another look is worth it; to be asked once a look, since it rests longer while nothing happens."""
        messages = self._images.messages + self._training.messages
        if not 0 < messages <= self._processes:
            self._rest = POLL_SECONDS
        elif messages != self._seen:
            self._rest = SHORTEST_POLL_SECONDS
        else:
            self._rest = min(2 * self._rest, POLL_SECONDS)
        self._seen = messages
        return self._rest

    def step(self) -> Status:
        """Look at the store, send what is missing, do what only the orchestrator does; never waits.

        Raises:
            DatasetError: the photos cannot be split, or are too few for an encoder.
            RunStuck: some work is never done.
            StoreError, BrokerError: the store or broker is not usable now; another step may be.
        """
        if self.run.cancelled:
            self._images.withdraw()
            self._training.withdraw()
            return look_at(self.run)
        ways = {
            COMPARISON_RUN: (self._encode, self._split, self._train, self._compare, self._refit),
            FACES_RUN: (self._encode,),
            ENCODER_RUN: (self._encode, self._train_encoder),
        }
        for stage in ways[self.run.plan.kind]:
            status = stage()
            if status is not None:
                return status
        if not self.run.finished:
            self._tidy()
            draw_report(self.run)  # whoever finds it does nothing more: all else must be done before
            forget(look(self.run.attempts)[1])
        return self._status("finished", "finished")

    def _tidy(self) -> None:
        """Delete what the dead left. That a refit was given up is kept, else it would be tried again."""
        sweep(self.run.encodings)  # again: an orchestrator may have died just after it closed the images
        sweep(self.run.folder)
        refit = refit_part(self.run.plan.fingerprint)
        forget([death for death in look(self.run.attempts)[1] if death.part != refit])

    def _status(self, state: str, stage: str, done: int = 0, total: int = 0, note: str = "") -> Status:
        resent = self._images.resent + self._training.resent
        return Status(self.run.run_id, state, stage, done, total, resent=resent, note=note)

    def _encode(self) -> Status | None:
        if self._is_there(self.run.faces, FACES):
            return None
        if self._photos is None:
            self._photos = stages.catalogued(self.run)
        photos = self._photos
        encoded, failed = self._encoded.look(), self._failed.look()
        done = {key for key in photos if key in encoded or key in failed}
        if len(done) == len(photos) and write_faces(self.run, photos):
            self._close_images()
            return None
        stages.check_engine(self.run)
        self._images.settle(done)
        away = self._images.on_their_way
        missing = (key for key in photos if key not in done and key not in away)
        left = len(photos) - len(done) - len(away - done)
        sizes = itertools.repeat(self._size) if self._size else stages.sizes_of_tasks(left, self._processes)
        work = stages.image_work(self.run, photos, missing, sizes)
        self._send(self._images, work)
        return self._status("running", "images", len(done), len(photos))

    def _send(self, queue: Dispatcher, work: Iterator[Message]) -> None:
        """Send again what got lost, then as much new work as there is room for."""
        running, deaths = look(self.run.attempts)
        before = queue.resent
        queue.resend_lost(running, count(deaths))
        if queue.resent > before:
            probe(self.run.folder)  # a full disk is why work gets lost over and over; here it can be said
        queue.send(work)

    def _is_there(self, path: Path, schema: pa.Schema) -> bool:
        """Whether a table is there and whole. It is read once; a damaged one is set aside and thus made again."""
        if path.exists() and (path in self._whole or is_whole(path, schema)):
            self._whole.add(path)
            return True
        self._whole.discard(path)
        return False

    def _close_images(self) -> None:
        compact(self.run.encodings)
        sweep(self.run.encodings)
        forget(look(self.run.attempts)[1])

    def _split(self) -> Status | None:
        if self._is_there(self.run.splits, SPLITS):
            return None
        self._trainings = None
        check_encoders(self.run)
        catalog = read_table(self.run.catalog, CATALOG)
        faces = read_table(self.run.faces, FACES)
        splits = make_splits(catalog, faces, self._experiment.protocol)
        findings = {**splits.summary(), "encoders": acquaintances(self.run, splits.table)}
        metadata = {"lineup.run": self.run.plan.fingerprint, "lineup.findings": json.dumps(findings)}
        write_part(self.run.splits, splits.table, metadata)
        return None

    def _train(self) -> Status | None:
        if self._is_there(self.run.comparison, COMPARISON):
            return None
        if self._trainings is None:
            self._trainings = stages.trainings(self.run, read_table(self.run.splits, SPLITS))
        wanted = self._trainings
        done = {part for part in wanted if self._is_trained(part)}
        self._training.settle(done)
        if len(done) == len(wanted):
            return None
        stages.check_learning(self.run)
        check_encoders(self.run)
        missing = wanted.keys() - done - self._training.on_their_way
        self._send(self._training, stages.training_work(self.run, wanted, missing))
        return self._status("running", "training", len(done), len(wanted))

    def _is_trained(self, part: str) -> bool:
        tables = ((self.run.fits, FITS), (self.run.scores, SCORES))
        return all(self._is_there(part_path(folder, part), schema) for folder, schema in tables)

    def _compare(self) -> Status | None:
        if self._is_there(self.run.comparison, COMPARISON):
            return None
        self._send_single(compare_run_message(self.run), "the comparison")
        return self._status("running", "comparison", 0, 1)

    def _send_single(self, work: Message, what: str) -> None:
        """Have a stage's only piece of work done; raises RunStuck where too many have died at it."""
        deaths = [death for death in look(self.run.attempts)[1] if death.part == work.part]
        if len(deaths) >= self._experiment.attempts:
            why = deaths[-1].last_words or f"its process died {len(deaths)} times"
            raise RunStuck(f"{what} failed: {why}", "Fix the cause, then resume")
        self._training.settle(self._training.on_their_way - work.items)  # of stages that are over
        missing = work.items - self._training.on_their_way
        self._send(self._training, iter([work] if missing else []))

    def _refit(self) -> Status | None:
        work = stages.refit_work(self.run)
        if work is None or self.run.finished:
            return None
        if count(look(self.run.attempts)[1])[work.part] >= self._experiment.attempts:
            return None  # the report is worth having without it; whoever uses the model fits it, and is told why not
        stages.check_learning(self.run)
        check_encoders(self.run)
        self._send_single(work, "the refit")
        return self._status("running", "refit", 0, 1)

    def _train_encoder(self) -> Status | None:
        if self.run.finished:
            return None
        stages.check_learning(self.run)
        if not self._people_checked:
            stages.check_people(self.run)
            self._people_checked = True
        self._send_single(train_encoder_message(self.run), "the encoder's training")
        return self._status("running", "encoder", *stages.encoder_progress(self.run))
