"""Plan a run of photos: show how far its catalogue is; where there is a cluster, have its workers read new files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from orchestrator.cli.progress import Display
    from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere
    from workers.queue.environment import Settings

Result = TypeVar("Result")


def plan_photos(
    plan: Callable[[OnPhoto, ScanElsewhere | None], Result], screen: Display, store: Path, settings: Settings
) -> Result:
    """What `plan` makes, which lists a folder and has its new files read by what it is called with."""
    from orchestrator.scheduler.scan_by_workers import scan_by_workers

    return plan(lambda done, total: screen.show("catalog", done, total), scan_by_workers(store, settings))
