"""How long a run may be kept: a number of days in a file of its folder, which decides no table and no fingerprint."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.errors import StoreError
from storage.runs import RETENTION, Run
from storage.write_whole import write_bytes


def set_retention(run: Run, days: int) -> None:
    """Note that the run may be kept for so many days after it was planned; raises StoreError."""
    write_bytes(run.folder / RETENTION, f"{days}\n".encode())


def retention_of(run: Run) -> int | None:
    """Days for which the run may be kept; None where nobody said so.

    Raises:
        StoreError: what was noted cannot be read.
    """
    file = run.folder / RETENTION
    try:
        return int(file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreError(f"{file} cannot be read: {error}", "Write the number of days into it") from error


def age_in_days(run: Run, now: datetime | None = None) -> float:
    """Days since the run was planned."""
    return ((now or datetime.now(UTC)) - datetime.fromisoformat(run.plan.created)).total_seconds() / 86_400
