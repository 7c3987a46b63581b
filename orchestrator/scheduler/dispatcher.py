"""The messages that were sent and are not known to be done; lost ones are sent again.

At most a window of messages is in the broker, so a million photos are no million messages, and a cancelled run ends
soon. A message counts as lost when no process holds its work (storage/attempts.py) and the queue is empty, or when a
process died at its work.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from orchestrator.scheduler.broker import Broker
from storage.errors import RunStuck
from workers.queue.messages import Message

QUIET_SECONDS = 8.0
"""A new worker process imports for some seconds before it names its work; sending again sooner would double it."""

MOST_WINDOW = 4096
"""Messages; a hundred worker processes do them in some seconds, and a cancelled run revokes as many at once."""

MOST_SENDS = 20
"""A photo that kills its process takes three or four; work that was sent so often cannot be done by any worker."""


@dataclass
class _Sent:
    work: Message
    task_id: str
    quiet_since: float
    times: int = 1
    waits: bool = False
    """It was published again, and since then nobody was seen at it and the queue was not empty: a copy is in there."""


@dataclass
class Dispatcher:
    """The messages of one run and one queue.

    Args:
        window: messages that may be in flight at once; it doubles where the workers empty the queue between steps.
        clock: seconds, monotonic: a jump of the wall clock changes nothing.
    """

    broker: Broker
    queue: str
    window: int
    clock: Callable[[], float] = time.monotonic
    _sent: dict[str, _Sent] = field(default_factory=dict)
    _was_full: bool = False
    resent: int = 0

    def remove_done(self, done: Collection[str]) -> None:
        """Forget work whose items are all done."""
        finished = [part for part, sent in self._sent.items() if all(item in done for item in sent.work.items)]
        for part in finished:
            del self._sent[part]

    def forget(self, items: Collection[str]) -> None:
        """Do not wait for these items any more: they were handed back, and are sent anew."""
        for part, sent in list(self._sent.items()):
            if not sent.work.items.isdisjoint(items):
                sent.work = replace(sent.work, items=sent.work.items.difference(items))
            if not sent.work.items:
                del self._sent[part]

    @property
    def in_flight(self) -> set[str]:
        """Items of messages that were sent and are not known to be done."""
        return {item for sent in self._sent.values() for item in sent.work.items}

    @property
    def messages_in_flight(self) -> int:
        """How many messages are in flight."""
        return len(self._sent)

    @property
    def free(self) -> int:
        """Messages that may still be sent now."""
        return max(0, self.window - len(self._sent))

    def send(self, works: Iterator[Message]) -> None:
        """Publish as much new work as the window allows; raises BrokerError.

        The number of workers is not known. Where they have emptied the queue since it was last filled, the window
        doubles.
        """
        if self._was_full and self.broker.waiting(self.queue) == 0:
            self.window = min(2 * self.window, MOST_WINDOW)
        for work in itertools.islice(works, self.free):
            self._sent[work.part] = _Sent(work, self._publish(work), self.clock())
        self._was_full = self.free == 0

    def resend_lost(
        self, running: Collection[str], suspects: Collection[str], check: Callable[[], None] = lambda: None
    ) -> None:
        """Publish again what no process holds.

        Args:
            running: parts and items that a living process holds.
            suspects: items that a process died at.
            check: called before anything is published again; what it raises leaves all as it is.

        Raises:
            RunStuck: it has been sent too often.
            BrokerError: the broker does not take it.
        """
        now = self.clock()
        for part, sent in self._sent.items():
            if part in running or not sent.work.items.isdisjoint(running):
                sent.quiet_since, sent.waits = now, False
        quiet = [sent for sent in self._sent.values() if now - sent.quiet_since >= QUIET_SECONDS]
        if not quiet:
            return
        queue_is_empty = self.broker.waiting(self.queue) == 0
        lost = [sent for sent in quiet if queue_is_empty or not (sent.waits or sent.work.items.isdisjoint(suspects))]
        if lost:
            check()
        for sent in lost:
            if sent.times >= MOST_SENDS:
                raise RunStuck(
                    f"work on queue {self.queue} was sent {sent.times} times and no worker finished it",
                    "The workers' log says why (<store>/logs, or where they run); fix it, then resume",
                )
            sent.task_id = self._publish(sent.work)
            sent.quiet_since, sent.waits = now, True
            sent.times += 1
            self.resent += 1

    def withdraw(self) -> None:
        """Revoke every message in flight; raises BrokerError."""
        self.broker.withdraw(sent.task_id for sent in self._sent.values())
        self._sent.clear()

    def _publish(self, work: Message) -> str:
        # never the same id twice: workers remember revoked ids and would refuse those of a resumed run
        task_id = f"{work.part}-{uuid.uuid4().hex[:8]}"
        self.broker.send(work.task, work.arguments, self.queue, task_id)
        return task_id
