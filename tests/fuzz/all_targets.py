"""All targets. A new one: a module with `TARGETS`, and its line here."""

from __future__ import annotations

from tests.fuzz import images, messages, parts

ALL = {target.name: target for target in (*images.TARGETS, *messages.TARGETS, *parts.TARGETS)}
