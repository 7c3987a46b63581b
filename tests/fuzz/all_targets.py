"""All targets. A new one: a module with `TARGETS`, and its place here."""

from __future__ import annotations

from tests.fuzz import images, messages, parts, settings_files, tables

_MODULES = (images, messages, parts, tables, settings_files)

ALL = {target.name: target for module in _MODULES for target in module.TARGETS}
