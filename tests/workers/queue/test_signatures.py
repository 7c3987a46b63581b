"""Only what was signed for its place with the store's key is read, and nothing else does more than be refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.queue.signatures import (
    MARK,
    MOST_BYTES,
    TOO_LONG,
    UNSIGNED,
    WRONG_SIGNATURE,
    NotSigned,
    sign,
    signed_content,
)

KEY, OTHER = b"k" * 32, b"o" * 32

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PARTS = st.sampled_from(["body", "headers", "properties", "content-type", "content-encoding"])
ENVELOPES = st.dictionaries(PARTS, JSON).map(lambda envelope: json.dumps(envelope).encode())
SIGNED_LIKE = st.tuples(st.binary(max_size=80), ENVELOPES).map(lambda pair: MARK + pair[0] + b" " + pair[1])


SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may load the machine


def why(message: bytes, place: str = "images", key: bytes | None = KEY) -> str:
    with pytest.raises(NotSigned) as refused:
        signed_content(key, place, message)
    return str(refused.value)


@SETTINGS
@given(st.binary() | ENVELOPES | SIGNED_LIKE)
def test_whatever_is_not_signed_is_refused(message: bytes) -> None:
    assert why(message) in (UNSIGNED, WRONG_SIGNATURE)


@SETTINGS
@given(st.text(), st.binary() | ENVELOPES)
def test_what_is_signed_is_read_as_it_was_written(place: str, content: bytes) -> None:
    assert signed_content(KEY, place, sign(KEY, place, content)) == content


@SETTINGS
@given(ENVELOPES, st.data())
def test_a_signed_message_with_any_byte_changed_is_refused(content: bytes, data: st.DataObject) -> None:
    message = bytearray(sign(KEY, "images", content))
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    assert why(bytes(message)) in (UNSIGNED, WRONG_SIGNATURE)


def test_a_signature_is_for_one_key_and_one_place() -> None:
    message = sign(KEY, "images", b"{}")
    assert why(message, key=OTHER) == WRONG_SIGNATURE
    assert why(message, place="training") == WRONG_SIGNATURE
    assert why(sign(KEY, "im", b"ages{}"), place="images") == WRONG_SIGNATURE


def test_a_message_that_is_too_long_is_refused_before_it_is_hashed() -> None:
    assert why(sign(KEY, "images", b"x" * MOST_BYTES)) == TOO_LONG


def test_a_reader_without_a_key_reads_what_looks_signed() -> None:
    assert signed_content(None, "images", sign(OTHER, "images", b"{}")) == b"{}"
    assert why(b"{}", key=None) == UNSIGNED
