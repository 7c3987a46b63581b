"""Every error that a user can fix.

    LineupError                     exit 1; one line: what, which file, what to do
    ├── InputError                  exit 2; the user's folder, CSV or photo is not usable
    │   ├── DatasetError            folder or labels
    │   └── ExperimentError         experiment.toml: names the key and the choices
    ├── StoreError                  the store cannot be read or written, or is of another version
    │   ├── RunNotFound             no run of that name
    │   ├── RunConflict             the run exists with another experiment, or is in use
    │   ├── StoreUnreachable        the object store does not answer, or refuses us
    │   │   └── PhotosUnreachable   that of the photos
    │   ├── StoreFull               no space left: a run waits and goes on by itself when there is room
    │   ├── NewerVersion            a newer version of Lineup wrote it
    │   ├── NoLocks                 the file system gives no locks, by which living processes are known
    │   └── RunStuck                the run cannot go on by itself: its user must act
    ├── BrokerError                 no broker, or it refuses us
    │   ├── BrokerRefusal           it answers, and forbids what Lineup needs
    │   ├── BrokerCertificateError  exit 2; its certificate is not signed by an authority that we trust
    │   └── BrokerUrlError          exit 2; LINEUP_BROKER_URL is not set where it must be, or is no address
    ├── EngineError                 a model file is missing or damaged, or no process can read photos
    ├── WorkerUnfit                 a worker's environment is at fault: it hands its work back and pauses
    └── NoWorker                    no worker can do the work now, and the user does not want to wait

An outcome of a photo (unreadable, no face, ...) is data and never raised out of the image stage.
A bug raises whatever it raises.
"""

from __future__ import annotations

import errno

_NO_SPACE = frozenset([errno.ENOSPC, errno.EDQUOT])
_NO_LOCKS = frozenset([errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])


class LineupError(Exception):
    """Something that the user can fix.

    Args:
        what: what went wrong, naming the file or the setting.
        hint: what to do about it; may be empty where `what` says it all.

    Attributes:
        needs_a_person: trying again, which is what the orchestrator does otherwise, cannot help.
    """

    exit_code = 1
    needs_a_person = False

    def __init__(self, what: str, hint: str = "") -> None:
        # another's words, which may end with a stop of their own, are often the last of `what`
        super().__init__(f"{what.rstrip('.')}. {hint}" if hint else what)
        self.what = what
        self.hint = hint


class InputError(LineupError):
    """The user's input is not usable."""

    exit_code = 2
    needs_a_person = True


class DatasetError(InputError):
    """The photo folder or the labels file is not usable."""


class ExperimentError(InputError):
    """The experiment file is not usable."""


class StoreError(LineupError):
    """The store cannot be read or written."""


class StoreUnreachable(StoreError):
    """The object store does not answer, or refuses us."""


class PhotosUnreachable(StoreUnreachable):
    """The object store of a run's photos, which may be another than the store's, does not answer, or refuses us."""


class StoreFull(StoreError):
    """The disk or the quota of the store is full."""


def cannot_write(path: object, error: OSError) -> StoreError:
    """The error of a failed write: StoreFull where there is no space, StoreError otherwise."""
    what = f"cannot write {path}: {error.strerror or error}"
    if is_no_space(error):
        return StoreFull(what, "Free space, then resume")
    if error.errno in _NO_LOCKS:
        return cannot_lock(path, error)
    return StoreError(what, "Free space or fix permissions, then resume")


class NoLocks(StoreError):
    """The file system of the store or of the temporary files gives no locks."""

    needs_a_person = True


def cannot_lock(path: object, error: OSError) -> NoLocks:
    """The error of a lock that was refused for another reason than that somebody holds it."""
    return NoLocks(
        f"cannot lock {path}: {error.strerror or error}",
        "Use a local disk, or NFS 4 with a lock service, or a new store: without locks it uses leases",
    )


def is_no_space(error: OSError) -> bool:
    """Whether a full disk or quota is the cause."""
    return error.errno in _NO_SPACE


class NewerVersion(StoreError):
    """A newer version of Lineup wrote it: this one must be replaced."""


class RunNotFound(StoreError):
    """No run of that name."""


class RunConflict(StoreError):
    """The run exists with another experiment, or another process works on it."""


class RunStuck(StoreError):
    """The run cannot go on by itself: its user must act, see the hint."""

    needs_a_person = True


class BrokerError(LineupError):
    """The broker is not there or refuses us."""


class BrokerRefusal(BrokerError):
    """The broker answers, and forbids what Lineup needs: a read-only replica, a user without permissions."""


class BrokerCertificateError(BrokerError):
    """The broker's certificate is not signed by an authority that we trust, or is of another host."""

    exit_code = 2


class BrokerUrlError(BrokerError):
    """LINEUP_BROKER_URL is not set where it must be, or is no address."""

    exit_code = 2
    needs_a_person = True


class EngineError(LineupError):
    """A model file or a runtime of the face engine is missing or damaged."""


class WorkerUnfit(LineupError):
    """The environment of this worker is at fault, and no photo and no training.

    Args:
        kind: a word of `storage.worker_faults.KINDS`.
        run_id: the run whose photos it cannot read.
    """

    def __init__(self, kind: str, what: str, hint: str, run_id: str = "") -> None:
        super().__init__(what, hint)
        self.kind = kind
        self.run_id = run_id


class NoWorker(LineupError):
    """No worker can do the work now."""
