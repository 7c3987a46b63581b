"""What stands between the broker and Celery: it signs what is sent, and drops what is not signed.

What is dropped is logged, counted in the store (storage/refused_messages.py) and gone: it is in no queue any more and
was never in the messages that wait for an acknowledgement.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import StoreError
from storage.refused_messages import count_refused
from workers.queue.signatures import MOST_BYTES, TOO_LONG, NotSigned, sign, signed_content

logger = logging.getLogger("lineup.messages")

LOGGED_EACH = 10
"""Refusals of a reason, on this host, that are logged each; of more, the 16th, 32nd, 64th, ... is."""

SHOWN_BYTES = 60


@dataclass(frozen=True)
class MessageGuard:
    """Signs and checks the messages of one store.

    Args:
        key: of `store_key`. None for Flower without a store: it shows what it reads, and sends nothing.
        store: where refusals are counted; None where nothing is.
        sends_tasks: False for Flower, whose pages send tasks with any headers; its questions are signed.
    """

    key: bytes | None = field(default=None, repr=False)
    store: Path | None = None
    sends_tasks: bool = True

    def __json__(self) -> str:
        """What a worker's statistics, which hold the transport's options, show of it: no key."""
        return repr(self)

    def signed(self, place: str, data: str | bytes) -> bytes:
        """A message for that queue or channel, signed; raises ValueError without a key."""
        if self.key is None:
            raise ValueError("messages cannot be signed without a key")
        return sign(self.key, place, data.encode() if isinstance(data, str) else data)

    def content(self, place: str, message: bytes) -> bytes | None:
        """The content of a message, or None where it is dropped."""
        try:
            return signed_content(self.key, place, message)
        except NotSigned as refused:
            long = str(refused) == TOO_LONG
            size, shown = (f"over {MOST_BYTES}", "") if long else (len(message), f": {message[:SHOWN_BYTES]!r}")
            self.refuse(str(refused), f"{size} bytes at {place:.80}{shown}")
        return None

    def refuse(self, reason: str, what: str) -> None:
        """Log and count a message that is dropped.

        Args:
            what: says which one, in a few words.
        """
        try:
            count = count_refused(self.store, reason) if self.store else 1
        except (OSError, StoreError) as error:
            logger.warning("a refused message could not be counted: %s", error)
            count = 1
        if count <= LOGGED_EACH or count & (count - 1) == 0:
            logger.error("message refused (%s, %d so far): %.400s", reason, count, what)
