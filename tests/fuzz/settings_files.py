"""TOML: an experiment file and a lineup.toml are read, or refused with the file's name. No other error leaves them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import strategies as st

from orchestrator.experiment.experiment_file import TEMPLATE, from_toml
from storage.errors import InputError
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from workers.queue.configuration_files import configuration_files
from workers.queue.environment import Settings

_FOLDER = tempfile.TemporaryDirectory(prefix="lineup-fuzz-")

_PIECES = (
    *("[protocol]", "[faces]", "[parameters.svm-linear]", "[[x]]", "kind", "seed", "configurations", "processes"),
    *("store", "=", "{", "}", "[", "]", ",", ".", '"', "'''", "#", "\n", "true", "nan", "-inf", "1e400", "0x"),
    *("9" * 5000, "1979-05-27", "é", "\0", "\\u0000", '"kfold"', "a." * 200, "[" * 2000, "{a=" * 200),
)


def _experiment(text: str) -> str:
    try:
        from_toml(text, "experiment.toml")
    except InputError as error:
        _check_refusal(error, "experiment.toml")
        return "refused"
    return "read"


def _configuration(data: bytes) -> str:
    """As the file of the user's own folder, which may set everything."""
    path = Path(_FOLDER.name) / "lineup" / "lineup.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)

    with patch.dict("os.environ", {"XDG_CONFIG_HOME": _FOLDER.name}):
        try:
            configuration_files(frozenset(Settings.model_fields))
        except InputError as error:
            _check_refusal(error, "lineup.toml")
            return "refused"
    return "read"


def _check_refusal(error: InputError, name: str) -> None:
    assert name in str(error)
    assert len(str(error)) < 10_000


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


_JOINED = st.lists(st.sampled_from(_PIECES), max_size=12).map(" ".join)
_SETTINGS = b'processes = 2\nlog_level = "INFO"\nbroker_url = "redis://x"\n'

TARGETS = (
    Target("experiment", st.one_of(mutated([TEMPLATE.encode()]).map(_text), _JOINED), _experiment),
    Target("settings", st.one_of(mutated([_SETTINGS]), _JOINED.map(lambda text: text.encode("utf-8"))), _configuration),
)
