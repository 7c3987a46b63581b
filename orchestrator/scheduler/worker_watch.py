"""Which workers can do the work of a queue, and what is wrong with the others; read from the store, not the broker.

A worker that answers in the broker may be unable to work, and its remote control may be off; in the store each worker
holds a lock and leaves its faults (storage/worker_faults.py). Ages are measured on the watcher's own clock.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.read_attempts import Death
from storage.worker_faults import WorkerState, live_workers
from workers.queue.task_names import IMAGES, TRAINING

LOOK_SECONDS = 1.0
"""Between two readings of the workers' files: a hundred of them take some milliseconds."""

PATIENCE_SECONDS = 8.0
"""A worker that starts imports for some seconds before it is there; told within 15 s in all."""

SILENT_SECONDS = 10.0
"""A worker that can write into the store does so every 3 s."""

MOST_FAULTS = 5
"""Sentences; the rest are counted."""

LOADING_DEATHS = 2
"""Of processes that loaded the face engine; one may be chance."""

QUEUE_OF_STAGE = {
    "images": IMAGES,
    **dict.fromkeys(("training", "comparison", "refit", "encoder"), TRAINING),
}


@dataclass(frozen=True)
class Workers:
    """The workers of a queue.

    Args:
        able: how many of them can work.
        processes: of those that can work.
        faults: what is wrong with the others, a sentence each.
        waiting: why the work cannot go on; empty where it can.
    """

    able: int = 0
    processes: int = 0
    faults: tuple[str, ...] = ()
    waiting: str = ""


def workers_of(states: Sequence[WorkerState], queue: str, silent: Collection[WorkerState] = ()) -> Workers:
    """What the workers' files tell about a queue.

    Args:
        silent: workers that live and have not written into the store lately.
    """
    mine = [state for state in states if queue in state.queues]
    unfit = {state: sentence for state in mine if (sentence := _sentence(state, state in silent))}
    able = [state for state in mine if state not in unfit]
    faults = _grouped(unfit)
    waiting = ""
    if not mine:
        waiting = f"no worker reads queue {queue}. Start one: lineup worker {queue}, with this store and broker"
    elif not able:
        waiting = f"no worker of queue {queue} can work. {faults[0]}"
    return Workers(len(able), sum(state.processes for state in able), faults, waiting)


def workers_now(store: Path, queue: str) -> Workers:
    """The workers of a queue at this moment: no patience with those that start, and none counts as silent."""
    return workers_of(live_workers(store), queue)


def worker_faults(store: Path) -> tuple[str, ...]:
    """What is wrong with the workers of a store at this moment, a sentence each."""
    return _grouped({state: _sentence(state, silent=False) for state in live_workers(store) if state.fault})


def _sentence(state: WorkerState, silent: bool) -> str:
    fault = state.fault
    if fault:
        return f"{fault.cause}. {fault.hint}"
    if silent:
        return "it lives and writes nothing into the store. Its store may be read-only, or it is suspended"
    return ""


def _grouped(unfit: dict[WorkerState, str]) -> tuple[str, ...]:
    """One sentence for all workers that tell the same."""
    by_sentence: defaultdict[str, list[WorkerState]] = defaultdict(list)
    for state, sentence in unfit.items():
        by_sentence[sentence].append(state)
    sentences = []
    for sentence, states in by_sentence.items():
        more = f" and {len(states) - 1} more" if len(states) > 1 else ""
        sentences.append(f"{states[0].name} (process {states[0].pid} on {states[0].host}){more}: {sentence}")
    rest = len(sentences) - MOST_FAULTS
    return (*sentences[:MOST_FAULTS], *([f"and {rest} other faults of workers"] if rest > 0 else []))


def loading_fault(deaths: Sequence[Death]) -> str:
    """A sentence where processes died before they began any photo: while they loaded the face engine."""
    loading = [death for death in deaths if not death.items]
    if len(loading) < LOADING_DEATHS:
        return ""
    hosts = Counter(death.process.split(" ")[0] for death in loading)
    where = ", ".join(f"{count} times on {host}" for host, count in hosts.most_common(3))
    words = f": {loading[-1].last_words}" if loading[-1].last_words else ""
    hint = "Give the worker more memory, or look at its log and the kernel's"
    return f"a worker's process died while it loaded the face engine, {where}{words}. {hint}"


class WorkerWatch:
    """Watches the workers of a store.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, store: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._states: list[WorkerState] = []
        self._looked = float("-inf")
        self._beats: dict[tuple[str, int], tuple[int, float]] = {}
        self._moved: dict[str, tuple[int, float]] = {}

    def look(self, queue: str, done: int) -> Workers:
        """The workers of a queue.

        Args:
            done: pieces of work of this queue that are done: while they grow somebody works, whatever the files say.
        """
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._states = live_workers(self._store)
            self._note_beats(now)
        found = workers_of(self._states, queue, [state for state in self._states if self._is_silent(state, now)])
        count, since = self._moved.get(queue, (-1, now))
        if done != count or found.able:
            since = now
        self._moved[queue] = (done, since)
        patient = now - since < PATIENCE_SECONDS and not found.faults
        return Workers(found.able, found.processes, found.faults) if patient else found

    def _note_beats(self, now: float) -> None:
        before = self._beats
        self._beats = {}
        for state in self._states:
            who = (state.host, state.pid)
            beat, since = before.get(who, (-1, now))
            self._beats[who] = (state.beat, since if beat == state.beat else now)

    def _is_silent(self, state: WorkerState, now: float) -> bool:
        return now - self._beats[state.host, state.pid][1] >= SILENT_SECONDS
