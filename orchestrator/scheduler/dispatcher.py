"""What has been sent and is not done: a window on the work, and the eye for what got lost.

Only a window's worth of messages is in the broker at a time, so that a million photos are no million messages, a
cancelled run ends soon and a lost message is noticed soon. A message counts as lost when nobody holds its work
(storage/attempts.py) and no message waits in the queue any more, or when somebody is known to have died at it.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from orchestrator.scheduler.broker import Broker
from storage.errors import RunStuck
from workers.queue.messages import Message

QUIET_SECONDS = 8.0
"""A spawned child imports for some seconds before it names its work; resending sooner would only double it."""

MOST_WINDOW = 4096
"""Messages; a hundred worker processes empty it in some seconds, and a cancelled run takes so many back at once."""

MOST_SENDS = 20
"""A photo that kills its process takes three or four; what is sent so often and never done, no worker can do."""


@dataclass
class _Sent:
    work: Message
    task_id: str
    quiet_since: float
    times: int = 1


@dataclass
class Dispatcher:
    """The messages of one run and one queue.

    Args:
        window: messages that may be on their way at once; it doubles where the workers are quicker than we look.
        clock: seconds; monotonic, so that a jump of the wall clock changes nothing.
    """

    broker: Broker
    queue: str
    window: int
    clock: Callable[[], float] = time.monotonic
    _sent: dict[str, _Sent] = field(default_factory=dict)
    _was_full: bool = False
    resent: int = 0

    def settle(self, done: Collection[str]) -> None:
        """Forget work whose items are all done."""
        finished = [part for part, sent in self._sent.items() if all(item in done for item in sent.work.items)]
        for part in finished:
            del self._sent[part]

    @property
    def on_their_way(self) -> set[str]:
        """Items that have been sent and are not known to be done."""
        return {item for sent in self._sent.values() for item in sent.work.items}

    @property
    def messages(self) -> int:
        """How many are on their way."""
        return len(self._sent)

    @property
    def room(self) -> int:
        """Messages that may still be sent now."""
        return max(0, self.window - len(self._sent))

    def send(self, works: Iterator[Message]) -> None:
        """Publish as much new work as there is room for; raises BrokerError.

        Nobody tells us how many workers there are. A queue that they have emptied since it was last filled says that
        they would have taken more.
        """
        if self._was_full and self.broker.waiting(self.queue) == 0:
            self.window = min(2 * self.window, MOST_WINDOW)
        for work in itertools.islice(works, self.room):
            self._sent[work.part] = _Sent(work, self._publish(work), self.clock())
        self._was_full = self.room == 0

    def resend_lost(
        self, running: Collection[str], suspects: Collection[str], check: Callable[[], None] = lambda: None
    ) -> None:
        """Publish again what nobody holds.

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
                sent.quiet_since = now
        quiet = [sent for sent in self._sent.values() if now - sent.quiet_since >= QUIET_SECONDS]
        if not quiet:
            return
        queue_is_empty = self.broker.waiting(self.queue) == 0
        lost = [sent for sent in quiet if queue_is_empty or not sent.work.items.isdisjoint(suspects)]
        if lost:
            check()
        for sent in lost:
            if sent.times >= MOST_SENDS:
                raise RunStuck(
                    f"work on queue {self.queue} was sent {sent.times} times and no worker got it done",
                    "The workers' log says why (<store>/logs, or where they run); fix it, then resume",
                )
            sent.task_id = self._publish(sent.work)
            sent.quiet_since = now
            sent.times += 1
            self.resent += 1

    def withdraw(self) -> None:
        """Take everything back that is on its way; raises BrokerError."""
        self.broker.withdraw(sent.task_id for sent in self._sent.values())
        self._sent.clear()

    def _publish(self, work: Message) -> str:
        # never the same id twice: a worker remembers revoked ids and would refuse a resumed run's
        task_id = f"{work.part}-{uuid.uuid4().hex[:8]}"
        self.broker.send(work.task, work.arguments, self.queue, task_id, work.seconds)
        return task_id
