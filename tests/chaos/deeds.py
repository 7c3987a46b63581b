"""What chaos does to a running cluster: each deed is a method, drawn by its weight from a seeded generator."""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

import redis

from orchestrator.local.child_process import ChildProcess
from storage.runs import Run
from tests.cluster import descendants
from tests.services import Services

USUAL_OUTAGE_SECONDS, LONGEST_OUTAGE_SECONDS = 1.5, 10.0
"""Of a process that is held, or a link that is down: mostly short, so that much happens, and sometimes long."""

LONGEST_ABSENCE_SECONDS = 3.0
"""Between a death and the new start that a supervisor would make."""

MOST_COPIES = 20
"""All of them, again and again, would double the queue each time."""

LOOK_SECONDS = 0.1


class Deeds:
    """A seeded generator of harm; whatever it breaks is whole again after a while, or when it is told to stop.

    Attributes:
        done: how often each was done.
        kills: processes that were killed or told to end.
    """

    def __init__(self, services: Services, seed: int) -> None:
        self._services = services
        self._random = random.Random(seed)
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._absent: set[str] = set()
        self.done: Counter[str] = Counter()
        self.kills = 0
        self._weights: dict[Callable[[Run], None], int] = {
            self.kill_a_child: 6,
            self.kill_a_worker: 3,
            self.kill_a_worker_and_its_children: 2,
            self.kill_an_orchestrator: 3,
            self.kill_the_broker: 2,
            self.kill_the_broker_and_its_memory: 1,
            self.ask_a_worker_to_stop: 2,
            self.ask_an_orchestrator_to_stop: 1,
            self.hold_a_process: 3,
            self.cut_the_links: 3,
            self.take_the_link_down: 2,
            self.silence_the_link: 2,
            self.copy_messages: 3,
            self.lose_messages: 2,
            self.cancel_and_resume: 1,
        }

    def do_one(self, run: Run) -> str:
        """Draw a deed and do it to whoever works on that run; returns its name."""
        deeds, weights = zip(*self._weights.items(), strict=True)
        deed = self._random.choices(deeds, weights)[0]
        deed(run)
        name = str(deed.__name__).replace("_", " ")
        self.done[name] += 1
        return name

    def rest(self, shortest: float, longest: float) -> None:
        """Let the cluster be for a random while."""
        end = time.monotonic() + self._random.uniform(shortest, longest)
        while time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            self.tend()

    def tend(self) -> None:
        """What a supervisor and time do: the dead are started after a while, outages end."""
        for child in self._services.everybody:
            if not child.alive and child.name not in self._absent:
                self._absent.add(child.name)
                self._later(self._random.uniform(0, LONGEST_ABSENCE_SECONDS), functools.partial(self._start, child))
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    def stop(self) -> None:
        """End every outage now."""
        while self._due:
            heapq.heappop(self._due)[2]()

    def kill_a_child(self, _run: Run) -> None:
        children = [pid for worker in self._services.workers for pid in descendants(worker.pid)]
        if children:
            self._signal(self._random.choice(sorted(children)), signal.SIGKILL)

    def kill_a_worker(self, _run: Run) -> None:
        self._end(self._random.choice(self._services.workers), signal.SIGKILL)

    def kill_a_worker_and_its_children(self, _run: Run) -> None:
        worker = self._random.choice(self._services.workers)
        if worker.alive:
            self.kills += 1
            worker.kill()

    def kill_an_orchestrator(self, _run: Run) -> None:
        self._end(self._random.choice(self._services.orchestrators), signal.SIGKILL)

    def kill_the_broker(self, _run: Run) -> None:
        self._end(self._services.broker, signal.SIGKILL)

    def kill_the_broker_and_its_memory(self, _run: Run) -> None:
        if self._services.broker.alive:
            self.kills += 1
            self._services.broker.kill()
            self._services.empty_memory()

    def ask_a_worker_to_stop(self, _run: Run) -> None:
        self._end(self._random.choice(self._services.workers), signal.SIGTERM)

    def ask_an_orchestrator_to_stop(self, _run: Run) -> None:
        self._end(self._random.choice(self._services.orchestrators), signal.SIGTERM)

    def hold_a_process(self, _run: Run) -> None:
        everybody = [child.pid for child in self._services.everybody if child.alive]
        pids = sorted({*everybody, *(pid for parent in everybody for pid in descendants(parent))})
        if pids:
            pid = self._random.choice(pids)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            self._later(self._outage(), functools.partial(_let_go, pid))

    def cut_the_links(self, _run: Run) -> None:
        self._services.proxy.cut()

    def take_the_link_down(self, _run: Run) -> None:
        outage = contextlib.ExitStack()
        outage.enter_context(self._services.proxy.down())
        self._later(self._outage(), outage.close)

    def silence_the_link(self, _run: Run) -> None:
        outage = contextlib.ExitStack()
        outage.enter_context(self._services.proxy.silent())
        self._later(self._outage(), outage.close)

    def copy_messages(self, _run: Run) -> None:
        """Put some of the waiting messages into their queue once more: duplicate delivery."""
        with self._broker() as broker:
            for queue in ("images", "training"):
                for message in broker.lrange(queue, 0, MOST_COPIES - 1):
                    broker.lpush(queue, message)

    def lose_messages(self, _run: Run) -> None:
        """Drop some of the waiting messages, as a server does that is killed between two writes."""
        with self._broker() as broker:
            for queue in ("images", "training"):
                broker.rpop(queue, self._random.randint(1, 5))

    def cancel_and_resume(self, run: Run) -> None:
        if not run.finished:
            run.cancel()
            self._later(self._outage(), run.let_go_on)

    @contextlib.contextmanager
    def _broker(self) -> Iterator[redis.Redis]:
        with contextlib.suppress(redis.RedisError):  # it is dead or held in this moment
            yield self._services.connection()

    def _end(self, child: ChildProcess, number: int) -> None:
        if child.alive:
            self._signal(child.pid, number)

    def _signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            self.kills += 1

    def _outage(self) -> float:
        return min(LONGEST_OUTAGE_SECONDS, self._random.expovariate(1 / USUAL_OUTAGE_SECONDS))

    def _later(self, seconds: float, deed: Callable[[], object]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), deed))

    def _start(self, child: ChildProcess) -> None:
        self._absent.discard(child.name)
        if not child.alive:
            child.start()


def _let_go(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
