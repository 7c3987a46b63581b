"""Where everything is: settings from the environment (`LINEUP_...`) or from a file, as one frozen object.

| variable | default | meaning |
|---|---|---|
| LINEUP_STORE | ./lineup-store | folder of encodings and runs, or s3://bucket/prefix, gs://…, az://… |
| LINEUP_BROKER_URL | – (a private Valkey is started) | redis://, rediss:// or redis+socket:// of the broker |
| LINEUP_BROKER_URL_FILE | – | file that holds the address; LINEUP_BROKER_URL wins |
| LINEUP_BROKER_PASSWORD_FILE | – | file that holds the password, of any characters, for an address without one |
| LINEUP_BROKER_CA | – (the system's) | PEM file of the authority that signed a rediss:// broker's certificate |
| LINEUP_BROKER_CERTIFICATE | verified | or unverified: then anyone on the network may be the broker |
| LINEUP_BROKER_PREFIX | lineup:<the store's id>: | before every key in the broker |
| LINEUP_PROCESSES | number of cores | worker processes that `run` and `up` start for each queue |
| LINEUP_PHOTOS_PER_TASK | 0: grows with the folder | photos in one message |
| LINEUP_FLOWER_PORT | 5555 | where Flower of `up` listens, on 127.0.0.1 |
| LINEUP_FLOWER_PASSWORD_FILE | – | file that holds the password of `lineup flower`, whose user is lineup |
| LINEUP_DEVICE | cpu | or cuda: this worker trains networks on a CUDA device, and takes no work without one |
| LINEUP_HEALTH_FILE | – | where a service says whether it can work; `lineup ready` reads it |
| LINEUP_LOG_LEVEL | INFO | of workers and orchestrator |
| LINEUP_LOG_FORMAT | text | text or json |

The environment wins; workers/queue/configuration_files.py says which files are read.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from storage.errors import InputError
from storage.object_path import store_path
from storage.validation import UNKNOWN_KEY, explain
from workers.cores import usable_cores
from workers.queue.configuration_files import HARMLESS, ConfigurationFile, configuration_files
from workers.queue.secret_files import has_password, read_secret, with_password

UNVERIFIED = "unverified"


class Settings(BaseSettings):
    """See the module's table."""

    model_config = SettingsConfigDict(env_prefix="LINEUP_", frozen=True, extra="forbid", env_ignore_empty=True)

    store: Annotated[Path, BeforeValidator(store_path)] = Path("lineup-store")
    broker_url: str = ""
    broker_url_file: Path | None = None
    broker_password_file: Path | None = None
    broker_ca: Path | None = None
    broker_certificate: Literal["verified", "unverified"] = "verified"
    broker_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.-]{0,64}$")] = ""
    processes: Annotated[int, Field(ge=1, le=1024)] = Field(default_factory=usable_cores)
    photos_per_task: Annotated[int, Field(ge=0, le=1000)] = 0
    flower_port: Annotated[int, Field(ge=1, le=65535)] = 5555
    flower_password_file: Path | None = None
    device: Literal["cpu", "cuda"] = "cpu"
    health_file: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The call, then the environment, then the files."""
        values = {key: value for file in _files() for key, value in file.values.items()}
        return init_settings, env_settings, InitSettingsSource(settings_cls, values)


@functools.cache
def load_settings() -> Settings:
    """Read once a process.

    Raises:
        InputError: a value is not usable; names the variable or the file.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise _refusal(error) from error
    return settings.model_copy(update={"broker_url": _broker_url(settings)})


def settings_from_current_folder() -> list[str]:
    """The settings that ./lineup.toml decides, since no stronger place does; raises InputError."""
    by_key = {key: file.name for file in _files() for key in file.values}
    return [key for key in HARMLESS if by_key.get(key, "").startswith("./") and not _in_environment(key)]


def settings_notes() -> list[str]:
    """What a user should know of the settings: which of them ./lineup.toml decides, and an unverified broker."""
    keys = settings_from_current_folder()
    notes = [f"settings from ./lineup.toml: {', '.join(keys)}"] if keys else []
    if load_settings().broker_certificate == UNVERIFIED:
        notes.append("warning: LINEUP_BROKER_CERTIFICATE=unverified: anyone on the network may be the broker")
    return notes


def settings_environment() -> dict[str, str]:
    """The settings of this process as variables for a child, which has another current folder; raises InputError.

    Without the store and the broker's address, which are the caller's to choose.
    """
    settings = load_settings()
    values = {key: str(getattr(settings, key)) for key in (*HARMLESS, "broker_certificate", "broker_prefix", "device")}
    for key in ("broker_ca", "flower_password_file", "health_file"):
        path: Path | None = getattr(settings, key)
        values[key] = str(path.absolute()) if path else ""
    return {f"LINEUP_{key.upper()}": value for key, value in values.items()}


def _broker_url(settings: Settings) -> str:
    """The address with what the files of secrets hold; what is set directly wins. Raises InputError."""
    url = settings.broker_url
    if settings.broker_url_file and not url:
        url = read_secret(settings.broker_url_file, "LINEUP_BROKER_URL_FILE")
    if settings.broker_password_file and url and not has_password(url):
        return with_password(url, read_secret(settings.broker_password_file, "LINEUP_BROKER_PASSWORD_FILE"))
    return url


def _files() -> list[ConfigurationFile]:
    return configuration_files(frozenset(Settings.model_fields))


def _in_environment(key: str) -> bool:
    return bool(os.environ.get(f"LINEUP_{key.upper()}"))


def _refusal(error: ValidationError) -> InputError:
    what, hint = explain(error, Settings)
    fault = error.errors()[0]
    first = str(fault["loc"][0])
    files = [file.name for file in _files() if first in file.values]
    if fault["type"] in UNKNOWN_KEY:
        return InputError(f"{files[-1]}: {what}", hint)
    key = "_".join(str(part) for part in fault["loc"])
    if files and not _in_environment(first):
        return InputError(f"{key} in {files[-1]} is not usable: {fault['input']!r:.80}", hint)
    return InputError(f"LINEUP_{key.upper()} is not usable: {fault['input']!r:.80}", hint)
