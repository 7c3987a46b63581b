"""What the files of attempts tell: what living processes work on, and which attempts died at what."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from storage.attempts import PROGRESS, SUFFIX
from storage.liveness import liveness_of
from storage.whole_objects import list_whole, read_many

_ITEM = re.compile(r"^[0-9a-f]{32,64}$")

_LAST_WORDS = 400


@dataclass(frozen=True)
class Death:
    """An attempt that did not end: the items it had begun and what it could still say.

    Args:
        process: host and process id.
    """

    part: str
    items: tuple[str, ...]
    last_words: str
    path: Path
    process: str = ""

    @property
    def timed_out(self) -> bool:
        """Whether the watchdog ended it."""
        return "Timeout (" in self.last_words


@dataclass
class Attempts:
    """The attempts in a folder.

    Args:
        running: the parts and items that living processes work on.
        progress: how far a living process is with its part, in words; only parts that tell it.
        alive: attempts of living processes.
    """

    running: set[str]
    deaths: list[Death]
    progress: dict[str, str]
    alive: int = 0


def read_attempts(folder: Path) -> tuple[set[str], list[Death]]:
    """The parts and items that living processes work on, and the attempts that died."""
    found = look_at_attempts(folder)
    return found.running, found.deaths


def look_at_attempts(folder: Path) -> Attempts:
    """All attempts, and how far the living ones are."""
    found = Attempts(set(), [], {})
    liveness = liveness_of(folder)

    def read(path: Path) -> tuple[bool, str, Death] | None:
        # a file may vanish under us: that attempt ended well in this very moment
        with contextlib.suppress(FileNotFoundError):
            held = liveness.is_held(path)  # before it is read: afterwards it may name one more item
            text = path.read_text(errors="replace")
            return held, _progress(text), _death(path, text)
        return None

    for held, progress, attempt in filter(None, read_many(_listed(folder), read)):
        if not held:
            found.deaths.append(attempt)
            continue
        found.alive += 1
        found.running.update((attempt.part, *attempt.items))
        if progress:
            found.progress[attempt.part] = progress
    return found


def _listed(folder: Path) -> list[Path]:
    return [each.path for each in list_whole(folder) if each.path.name.endswith(SUFFIX)]


def _progress(text: str) -> str:
    """The newest line of progress; empty where there is none, or the last is still being written."""
    told = [line for line in text[: text.rfind("\n") + 1].splitlines() if line.startswith(PROGRESS)]
    return told[-1].removeprefix(PROGRESS) if told else ""


def _death(path: Path, text: str) -> Death:
    first, *lines = text.splitlines() or [""]
    process = " ".join(first.split()[:2])
    items = tuple(line for line in lines if _ITEM.match(line))
    said = (line.strip() for line in lines if not (_ITEM.match(line) or line.startswith(PROGRESS)))
    words = "; ".join(filter(None, said))
    return Death(path.name.split(".")[0], items, words[:_LAST_WORDS], path, process)


def count_deaths(deaths: list[Death]) -> Counter[str]:
    """How often each item was begun by a process that died."""
    return Counter(item for death in deaths for item in set(death.items))


def forget_deaths(deaths: list[Death]) -> None:
    """Delete the traces of deaths that have been dealt with."""
    for death in deaths:
        death.path.unlink(missing_ok=True)
