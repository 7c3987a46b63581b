"""Where everything is: settings from the environment (`LINEUP_...`) or from lineup.toml, as one frozen object.

| variable | default | meaning |
|---|---|---|
| LINEUP_STORE | ./lineup-store | folder of encodings and runs |
| LINEUP_BROKER_URL | – (a private Valkey is started) | redis://, rediss:// or redis+socket:// of the broker |
| LINEUP_PROCESSES | number of cores | worker processes that `run` and `up` start for each queue |
| LINEUP_PHOTOS_PER_TASK | 0: grows with the folder | photos in one message |
| LINEUP_FLOWER_PORT | 5555 | where Flower of `up` listens, on 127.0.0.1 |
| LINEUP_LOG_LEVEL | INFO | of workers and orchestrator |
| LINEUP_LOG_FORMAT | text | text or json |
"""

from __future__ import annotations

import functools
import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from storage.errors import InputError
from storage.validation import UNKNOWN_KEY, explain

CONFIGURATION_FILE = "lineup.toml"


class Settings(BaseSettings):
    """See the module's table."""

    model_config = SettingsConfigDict(
        env_prefix="LINEUP_", toml_file=CONFIGURATION_FILE, frozen=True, extra="forbid", env_ignore_empty=True
    )

    store: Path = Path("lineup-store")
    broker_url: str = ""
    processes: Annotated[int, Field(ge=1, le=1024)] = Field(default_factory=lambda: len(os.sched_getaffinity(0)))
    photos_per_task: Annotated[int, Field(ge=0, le=1000)] = 0
    flower_port: Annotated[int, Field(ge=1, le=65535)] = 5555
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
        """The call, then the environment, then lineup.toml in the current folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@functools.cache
def load_settings() -> Settings:
    """Read once a process.

    Raises:
        InputError: a value is not usable; names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise _refusal(error) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{CONFIGURATION_FILE} is not a TOML file: {error}", "Fix it, or delete it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{CONFIGURATION_FILE} cannot be read: {error}", "Fix it, or delete it") from error


def _refusal(error: ValidationError) -> InputError:
    what, hint = explain(error, Settings)
    fault = error.errors()[0]
    if fault["type"] in UNKNOWN_KEY:
        return InputError(f"{CONFIGURATION_FILE}: {what}", hint)
    key = "_".join(str(part) for part in fault["loc"])
    where = f"Set it in the environment, or {key} in {CONFIGURATION_FILE}"
    return InputError(f"LINEUP_{key.upper()} is not usable: {fault['input']!r:.80}", f"{hint} {where}")
