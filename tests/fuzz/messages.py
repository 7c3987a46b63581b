"""Messages: whatever bytes stand in a queue are refused, and signed ones are read; nothing raises."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.attacks.raw_messages import task_message
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from workers.jobs.job import Refused
from workers.queue.messages import parse_keys, parse_run_id, parse_training
from workers.queue.signatures import NotSigned, sign, signed_content
from workers.queue.task_names import COMPARE_RUN, ENCODE_PHOTOS

_KEY = b"k" * 32
_PLAIN = [json.dumps(task_message(task, ["run", ["a" * 64]])).encode() for task in (ENCODE_PHOTOS, COMPARE_RUN)]
_SIGNED = [sign(_KEY, "images", message) for message in _PLAIN]
_GENUINE = frozenset(_SIGNED)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_CHANGED = st.sampled_from(["timelimit", "eta", "expires", "retries", "group", "id", "task", "compression", "shadow"])
_ENVELOPES = st.dictionaries(_CHANGED, _JSON, max_size=4).map(
    lambda headers: json.dumps(task_message(ENCODE_PHOTOS, [], headers=headers)).encode()
)


def _receive(message: bytes) -> str:
    try:
        content = signed_content(_KEY, "images", message)
    except NotSigned as refused:
        return str(refused)
    if message not in _GENUINE:
        raise AssertionError("a message that nobody signed was read")
    return "read" if content in _PLAIN else "read wrongly"


def _parse(value: object) -> str:
    found = 0
    for parse in (parse_run_id, parse_keys, lambda each: parse_training(each, each, each, ["knn-1"])):
        try:
            parse(value)
            found += 1
        except Refused:
            continue
    return f"{found} parsed"


TARGETS = (
    Target("messages", mutated(_SIGNED) | mutated(_PLAIN) | _ENVELOPES | st.binary(), _receive),
    Target("arguments", _JSON | st.lists(st.text("0123456789abcdef", min_size=63, max_size=65)), _parse),
)
