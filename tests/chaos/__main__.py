"""Put a cluster under fire for as long as asked, let it finish, and compare with what undisturbed runs give.

Prints the seed first and a line at the end; exits with 0 where nothing was lost and every table is equal, else 1.
The seed repeats what is done and in which order; which instruction it hits is chance.
"""

from __future__ import annotations

import argparse
import contextlib
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from storage.runs import Run
from tests.chaos.deeds import Deeds
from tests.chaos.rounds import Rounds, Verdict
from tests.cluster import stray_files
from tests.faults.marking import PLUGIN
from tests.s3 import store_in_s3
from tests.services import Services, services_in

PATIENCE_SECONDS = 300
"""For a run to end when nothing disturbs it any more."""

SAY_SECONDS = 10
LEAST_REST_SECONDS, MOST_REST_SECONDS = 0.2, 5.0
"""Between two deeds: time to get on, but seldom to the end of a run."""


class Campaign:
    """One fire.

    Args:
        folder: an empty one; everything happens in it.
    """

    def __init__(self, folder: Path, services: Services, seed: int) -> None:
        self._folder = folder
        self._services = services
        self._began = time.monotonic()
        self._said = 0.0
        self._rounds = Rounds(folder, seed)
        self.deeds = Deeds(services, seed)

    def burn(self, duration: float) -> None:
        """Do harm for so many seconds; a new run is planned when one has ended."""
        run = self._next()
        while time.monotonic() - self._began < duration:
            if run.finished or run.stopped:
                run = self._next()
            self.deeds.rest(LEAST_REST_SECONDS, MOST_REST_SECONDS)
            self._say(run, self.deeds.do_one(run))
        self.deeds.stop()
        self._end(run, "the last run under fire")
        self._end(self._next(), "a run in peace")

    def judge(self) -> list[Verdict]:
        """Compare every run with an undisturbed one."""
        print(f"{self._seconds():5.0f} s  {len(self._rounds.runs)} runs are done again, undisturbed", flush=True)
        return self._rounds.verdicts(self._folder / "undisturbed")

    def _next(self) -> Run:
        return self._rounds.next(self._services.store, self._services.marks)

    def _end(self, run: Run, what: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (run.finished or run.stopped) or not self._services.is_idle():
            if time.monotonic() > end:
                print(f"{what} ({run.run_id}) did not end in {PATIENCE_SECONDS} s", flush=True)
                return
            self.deeds.rest(0.2, 0.2)
            self._say(run, what)

    def _say(self, run: Run, what: str) -> None:
        if self._seconds() - self._said >= SAY_SECONDS:
            self._said = self._seconds()
            print(f"{self._said:5.0f} s  {run.run_id}, {self.deeds.kills} kills; now: {what}", flush=True)

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def concluded(verdicts: list[Verdict], deeds: Deeds, strays: list[Path]) -> bool:
    """Print every fault, and the line; returns whether all is well."""
    faults = [fault for verdict in verdicts for fault in verdict.faults]
    faults += [f"left behind: {path}" for path in strays]
    for fault in faults:
        print(fault)
    photos, lost = sum(one.photos for one in verdicts), sum(one.lost for one in verdicts)
    equal = all(one.equal for one in verdicts)
    print(", ".join(f"{count} x {name}" for name, count in sorted(deeds.done.items())))
    print(
        f"photos {photos} in {len(verdicts)} runs, kills {deeds.kills} among {deeds.done.total()} disturbances, "
        f"lost {lost}, tables {'equal' if equal else 'NOT equal'}" + (f", {len(faults)} faults" if faults else "")
    )
    return equal and not lost and not faults


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--duration", type=float, default=600, help="seconds of fire")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="repeats what is done")
    parser.add_argument("--store", choices=("folder", "s3"), default="folder", help="s3: that of moto's server")
    parser.add_argument("--folder", type=Path, help="kept afterwards; by default a temporary one, kept on failure")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}, {chosen.duration:.0f} s", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):  # everything is ended on the way out; a shell's & ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="lineup-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    well = False
    try:
        with contextlib.ExitStack() as stack:
            store = stack.enter_context(store_in_s3()) if chosen.store == "s3" else None
            services = stack.enter_context(services_in(folder / "cluster", PLUGIN, store=store))
            campaign = Campaign(folder, services, chosen.seed)
            try:
                campaign.burn(chosen.duration)
            finally:
                campaign.deeds.stop()
            well = concluded(campaign.judge(), campaign.deeds, stray_files(services.store))
    except KeyboardInterrupt:
        print("interrupted: nothing is said about the tables", flush=True)
        return 130
    finally:
        if well and not chosen.folder:
            shutil.rmtree(folder)
        else:
            print(f"see {folder}", file=sys.stderr)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
