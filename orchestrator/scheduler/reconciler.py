"""Reconciliation: enqueue planned work that is not stored. Keeps no state that the store cannot rebuild.

    images ▶ faces ▶ splits ▶ training ▶ comparison ▶ refit ▶ report      a run that compares
    images ▶ faces ▶ encoder                                              a run that trains an encoder

The orchestrator may die at any moment; the next one reads the same store and goes on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.dataset.splits import SPLIT_COLUMNS, make_splits
from orchestrator.experiment.chosen_configurations import check_configurations
from orchestrator.report.build import draw_report
from orchestrator.report.encoder_summary import encoder_overlap
from orchestrator.scheduler.batching import batch_sizes, most_photos_per_task
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.compatibility import check_encoders, check_engine, check_learning
from orchestrator.scheduler.dispatcher import Dispatcher
from orchestrator.scheduler.full_disk import FullDisk
from orchestrator.scheduler.leftovers import close_images, sweep_run, tidy
from orchestrator.scheduler.photo_judge import PhotoJudge
from orchestrator.scheduler.polling import Pause
from orchestrator.scheduler.run_faults import RunFaults
from orchestrator.scheduler.status import Status, encoder_progress, refitted_now, status_of, trained_now
from orchestrator.scheduler.stored_faces import StoredFaces
from orchestrator.scheduler.verified_tables import VerifiedTables
from orchestrator.scheduler.work import (
    check_enough_people,
    needs_refit,
    photo_messages,
    pixels_per_photo,
    planned_photos,
    training_messages,
)
from orchestrator.scheduler.worker_watch import workers_now
from storage.errors import RunStuck
from storage.face_pictures import run_pictures
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from storage.free_space import check_room, probe
from storage.parts import part_path
from storage.plans import COMPARISON_RUN, ENCODER_RUN, FACES_RUN
from storage.read_attempts import Attempts, count_deaths, forget_deaths, look_at_attempts, read_attempts
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import CATALOG, FITS, SCORES, SPLITS
from storage.tables import read_table, write_run_tables
from workers.jobs.planned_trainings import Training, planned_trainings
from workers.memory import keep_heap_small
from workers.queue.messages import Message, compare_run_message, refit_winner_message, train_encoder_message
from workers.queue.task_names import IMAGES, TRAINING

MESSAGES_PER_PROCESS = 4
LEAST_WINDOW = 32


class Reconciler:
    """Brings one run to its report: call `step` until the status is not `running` any more.

    Args:
        photos_per_task: photos in one message; 0 for the batching policy.
        processes: worker processes, as far as known here; the window follows from it, and the batches, unless more are
            found at work in the store.
    """

    def __init__(self, run: Run, broker: Broker, photos_per_task: int = 0, processes: int = 2) -> None:
        keep_heap_small()  # tables of all faces come and go
        self.run = run
        check_configurations(run.plan.experiment)
        self._experiment = run.plan.experiment
        self._size = photos_per_task
        self._processes = processes
        self._most_photos = 0
        self._photos: dict[str, str] | None = None
        self._trainings: Mapping[str, Training] | None = None
        self._tables = VerifiedTables()
        self._faces = StoredFaces(run, self._tables)
        self._people_checked = False
        self._swept = False
        self._pause = Pause(processes)
        self._full_disk = FullDisk(run)
        self.faults = RunFaults(run)
        self._judge: PhotoJudge | None = None
        self._attempts = Attempts(set(), [], {})
        window = max(LEAST_WINDOW, MESSAGES_PER_PROCESS * processes)
        self._images = Dispatcher(broker, IMAGES, window)
        self._training = Dispatcher(broker, TRAINING, window)

    def pause_seconds(self) -> float:
        """Seconds until the next step; call it once a step."""
        return self._pause.after_step(self._images.messages_in_flight + self._training.messages_in_flight)

    def step(self) -> Status:
        """Read the store, send what is missing, do the orchestrator's own work; never waits.

        While the disk is full nothing is sent, and the status says so.

        Raises:
            DatasetError: the photos cannot be split, or are too few for an encoder.
            RunStuck: some work is never done.
            StoreError, BrokerError: the store or broker is not usable now; another step may be.
        """
        return self._full_disk.guard(self._step)

    def _step(self) -> Status:
        if self.run.cancelled:
            self._images.withdraw()
            self._training.withdraw()
            return status_of(self.run)
        self._sweep_once()
        stages = {
            COMPARISON_RUN: (self._encode, self._split, self._train, self._compare, self._refit),
            FACES_RUN: (self._encode,),
            ENCODER_RUN: (self._encode, self._train_encoder),
        }
        for stage in stages[self.run.plan.kind]:
            status = stage()
            if status is not None:
                return status
        if not self.run.finished:
            tidy(self.run)
            draw_report(self.run)  # last: a run with a report counts as finished
            forget_deaths(read_attempts(self.run.attempts)[1])
        return self._status("finished", "finished", *encoder_progress(self.run))

    def _sweep_once(self) -> None:
        """Delete what an earlier orchestrator's dead writers left: on a full disk it takes the room of new parts."""
        if not self._swept:
            sweep_run(self.run)
            self._swept = True

    def _status(self, state: str, stage: str, done: int = 0, total: int = 0, note: str = "") -> Status:
        resent = self._images.resent + self._training.resent
        status = Status(self.run.run_id, state, stage, done, total, resent=resent, note=note)
        if stage != "images" or self._judge is None:
            return self.faults.tell(status)
        left = total - done - len(self._judge.alone)
        return self.faults.tell(status, self._attempts.deaths, self._judge.faults, left)

    def _encode(self) -> Status | None:
        if self._faces.have_tables() and (self.run.finished or self._faces.have_pictures()):
            self._photos = self._judge = None  # a kilobyte a photo
            return None
        if self._photos is None or self._judge is None:
            self._photos = planned_photos(self.run)
            self._judge = PhotoJudge(self.run, self._photos)
            self._most_photos = most_photos_per_task(pixels_per_photo(self.run))
            self._processes = max(self._processes, workers_now(self.run.store, IMAGES).processes)
        photos, judge = self._photos, self._judge
        found = self._faces.look(photos)
        done = found.done
        if len(done) == len(photos) and self._faces.write_tables(photos, found.whole):
            close_images(self.run)
            return None
        check_engine(self.run)
        check_encoders(self.run)
        self._images.remove_done(done)
        self._images.forget(judge.look(done))
        in_flight = self._images.in_flight
        missing = found.missing(photos, in_flight | judge.alone)
        left = len(photos) - len(done) - len(in_flight - done)
        fixed = itertools.repeat(self._size) if self._size else None
        sizes = fixed or batch_sizes(left, self._processes, self._most_photos)
        # one by one: the part of their old message may exist without them
        again = photo_messages(self.run, judge.due - done - in_flight, itertools.repeat(1), found.encoded)
        self._send(self._images, itertools.chain(again, photo_messages(self.run, missing, sizes, found.encoded)))
        return self._status("running", "images", len(done), len(photos))

    def _send(self, queue: Dispatcher, messages: Iterator[Message]) -> None:
        """Send lost messages again, then as many new ones as the window allows."""
        self._attempts = look_at_attempts(self.run.attempts)
        check_room(self.run.folder)  # on a full disk every message would be lost
        # a full quota shows only when something is written; it loses work again and again
        deaths = count_deaths(self._attempts.deaths)
        queue.resend_lost(self._attempts.running, deaths, check=lambda: probe(self.run.folder))
        queue.send(messages)

    def _split(self) -> Status | None:
        if self._tables.has_all(self.run, SPLIT_TABLES):
            return None
        self._trainings = None
        check_encoders(self.run)
        catalog = read_table(self.run.catalog, CATALOG)
        protocol, policy = self._experiment.protocol, self.run.plan.engine.policy
        splits = make_splits(catalog, read_faces(self.run, SPLIT_COLUMNS), protocol, run_pictures(self.run), policy)
        overlap = encoder_overlap(self.run, splits.table)
        write_run_tables(self.run, {**splits.tables(), "encoder_overlap": overlap, "splits": splits.table})
        return None

    def _train(self) -> Status | None:
        if self._tables.has_all(self.run, COMPARISON_TABLES):
            return None
        if self._trainings is None:
            self._trainings = planned_trainings(self.run, read_table(self.run.splits, SPLITS, ["repeat", "fold"]))
        wanted = self._trainings
        done = {part for part in wanted if self._is_trained(part)}
        self._training.remove_done(done)
        if len(done) == len(wanted):
            return None
        check_learning(self.run)
        check_encoders(self.run)
        missing = wanted.keys() - done - self._training.in_flight
        self._send(self._training, training_messages(self.run, wanted, missing))
        status = self._status("running", "training", len(done), len(wanted))
        return replace(status, now=trained_now(self._attempts, wanted))

    def _is_trained(self, part: str) -> bool:
        tables = ((self.run.fits, FITS), (self.run.scores, SCORES))
        return all(self._tables.has(part_path(folder, part), schema) for folder, schema in tables)

    def _compare(self) -> Status | None:
        if self._tables.has_all(self.run, COMPARISON_TABLES):
            return None
        self._send_single(compare_run_message(self.run), "the comparison")
        return self._status("running", "comparison", 0, 1)

    def _send_single(self, message: Message, what: str) -> None:
        """Send the only message of a stage; raises RunStuck where too many processes died at it."""
        deaths = [death for death in read_attempts(self.run.attempts)[1] if death.part == message.part]
        if len(deaths) >= self._experiment.attempts:
            why = deaths[-1].last_words or f"its process died {len(deaths)} times"
            raise RunStuck(f"{what} failed: {why}", "Fix the cause, then resume")
        self._training.remove_done(self._training.in_flight - message.items)  # of earlier stages
        missing = message.items - self._training.in_flight
        self._send(self._training, iter([message] if missing else []))

    def _refit(self) -> Status | None:
        if not needs_refit(self.run) or self.run.finished:
            return None
        message = refit_winner_message(self.run)
        if count_deaths(read_attempts(self.run.attempts)[1])[message.part] >= self._experiment.attempts:
            return None  # the report is useful without it; `identify` fits the model itself, and says why it cannot
        check_learning(self.run)
        check_encoders(self.run)
        self._send_single(message, "the refit")
        return replace(self._status("running", "refit", 0, 1), now=refitted_now(self.run, self._attempts))

    def _train_encoder(self) -> Status | None:
        if self.run.finished:
            return None
        check_learning(self.run)
        if not self._people_checked:
            check_enough_people(self.run)
            self._people_checked = True
        self._send_single(train_encoder_message(self.run), "the encoder's training")
        return self._status("running", "encoder", *encoder_progress(self.run))
