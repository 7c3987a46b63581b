"""`make fuzz`: feed every target for an equal share of the time, each in a process of its own.

Prints a line a target, and exits with 1 where an input crashed. The input of a process that died is in
build/fuzz/TARGET.input.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.fuzz.all_targets import ALL
from tests.fuzz.run_target import Result, feed, keep_last

FOLDER = Path(__file__).parents[2] / "build" / "fuzz"

GRACE_SECONDS = 120
"""For the last round; a process that needs longer hangs."""


def main() -> int:
    """Feed the targets; returns the exit code."""
    arguments = _arguments()
    if arguments.alone:
        name = arguments.targets[0]
        result = feed(ALL[name], arguments.seconds, arguments.seed, keep_last(FOLDER / f"{name}.input"))
        print(json.dumps([result.outcomes, result.crashes]))
        return 0
    names = arguments.targets or list(ALL)
    crashed = False
    for name in names:
        result = _in_process(name, arguments.seconds / len(names), arguments.seed)
        print(result.line(name), flush=True)
        for crash in result.crashes:
            print(crash, file=sys.stderr)
        crashed = crashed or bool(result.crashes)
    return int(crashed)


def _in_process(name: str, seconds: float, seed: int) -> Result:
    command = [sys.executable, "-m", "tests.fuzz", "--alone", "--seconds", str(seconds), "--seed", str(seed), name]
    result = Result()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        result.crashes.append(f"{name} hangs at {FOLDER / name}.input")
        return result
    if done.returncode:
        died = f"{name}: its process ended with {done.returncode} at {FOLDER / name}.input\n{done.stderr[-4000:]}"
        result.crashes.append(died)
        return result
    outcomes, crashes = json.loads(done.stdout.splitlines()[-1])
    result.outcomes.update(outcomes)
    result.crashes += crashes
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*ALL, []], help=f"of: {', '.join(ALL)} (default: all)")
    parser.add_argument("--seconds", type=float, default=600, help="in sum (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round (default: %(default)s)")
    parser.add_argument(
        "--alone", action="store_true", help="feed one target in this process, print its result as JSON"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
