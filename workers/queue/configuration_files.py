"""The files that settings come from, besides the environment; a later one wins over an earlier one.

<user's configuration folder>/lineup/lineup.toml    $XDG_CONFIG_HOME, or ~/.config
./lineup.toml                                       the keys of HARMLESS only
the file of `lineup --config FILE`
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import InputError
from storage.path_kinds import is_file
from storage.toml_text import parse_toml, toml_text

CONFIGURATION_FILE = "lineup.toml"

HARMLESS = ("processes", "photos_per_task", "log_level", "log_format")
"""What a file in the current folder may set. It may have come with the photos, and must not send them anywhere."""


_chosen: Path | None = None


@dataclass(frozen=True)
class ConfigurationFile:
    """A file of settings, and the values in it that count.

    Args:
        name: as messages show it.
    """

    name: str
    values: dict[str, Any]


def choose_configuration(path: Path | None) -> None:
    """Read settings from this file too; takes effect before the first `load_settings` of a process."""
    global _chosen
    _chosen = path


def user_configuration() -> Path | None:
    """Where the user's own file is, if there is one; None where the user has no home."""
    named = os.environ.get("XDG_CONFIG_HOME", "")
    if Path(named).is_absolute():  # a relative one is invalid, says the standard, and would be the current folder's
        return Path(named) / "lineup" / CONFIGURATION_FILE
    try:
        return Path.home() / ".config" / "lineup" / CONFIGURATION_FILE
    except RuntimeError:
        return None


def configuration_files(known: frozenset[str]) -> list[ConfigurationFile]:
    """The files that are there, the strongest last.

    Args:
        known: the names of all settings.

    Raises:
        InputError: one cannot be read, or the one in the current folder sets what it may not.
    """
    found = []
    user, here = user_configuration(), Path(CONFIGURATION_FILE)
    if user and is_file(user):
        found.append(ConfigurationFile(str(user), _read(user, str(user))))
    if is_file(here) and not (user and is_file(user) and here.samefile(user)):
        found.append(_in_current_folder(here, known))
    if _chosen:
        if not is_file(_chosen):
            raise InputError(f"{_chosen} is not a file", "Give --config a TOML file of settings")
        found.append(ConfigurationFile(str(_chosen), _read(_chosen, str(_chosen))))
    return found


def _in_current_folder(path: Path, known: frozenset[str]) -> ConfigurationFile:
    name = f"./{CONFIGURATION_FILE}"
    values = _read(path, name)
    refused = sorted(key for key in values if key in known and key not in HARMLESS)
    # `lineup --config lineup.toml` says that the user trusts it
    if refused and not (_chosen and is_file(_chosen) and path.samefile(_chosen)):
        where = user_configuration()
        raise InputError(
            f"{name} may not set {', '.join(refused)}: it may have come with the photos, and could send them elsewhere",
            f"Put it into {where}, or LINEUP_{refused[0].upper()} in the environment; or trust this file: "
            f"lineup --config {CONFIGURATION_FILE}",
        )
    return ConfigurationFile(name, values)


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        return parse_toml(toml_text(path))
    except ValueError as error:
        raise InputError(f"{name} is not a TOML file that can be used: {error}", "Fix it, or delete it") from error
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}", "Fix it, or delete it") from error
