"""The claim of a run: of several orchestrators, one works on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from storage.errors import cannot_write
from storage.liveness import liveness_of
from storage.runs import Run


@contextlib.contextmanager
def claim(run: Run, patient: bool = False) -> Iterator[bool]:
    """Try to be the one orchestrator of a run; yields whether we are. The claim of the dead is free.

    Politeness, not correctness: two orchestrators would send the same work twice and get the same tables.

    Args:
        patient: where only time can tell whether another one lives, wait for it, some seconds at most.

    Raises:
        NoLocks: the file system gives no locks.
        StoreError: the store cannot be written.
    """
    path = run.folder / "orchestrator.lock"
    with contextlib.ExitStack() as stack:
        try:
            ours = stack.enter_context(liveness_of(path).claim(path, patient))
        except OSError as error:
            raise cannot_write(path, error) from error
        yield ours
