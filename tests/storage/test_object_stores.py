"""Credentials come from where the ecosystem keeps them, and are told to nobody."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from storage.errors import InputError, StoreUnreachable
from storage.object_path import ObjectPath
from storage.object_stores import open_object_store, split_address
from storage.outputs import store_outputs
from storage.refused_messages import count_refused, refused_messages
from storage.store_id import store_id
from storage.store_key import store_key, store_key_if_there
from tests.s3 import KEY, SECRET, FaultyProxy


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "http://x/y", "s3://key:secret@bucket/x", "s3://b/a/../c"])
def test_what_is_no_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InputError) as refused:
        split_address(address)
    assert "secret" not in str(refused.value)


@pytest.mark.moto
def test_credentials_of_a_profile_file_are_used(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    file.write_text("[work]\naws_access_key_id = AKIAOFTHEPROFILE\naws_secret_access_key = 12345\nregion = eu-west-3\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "work")
    open_object_store.cache_clear()
    (bucket / "a").write_bytes(b"1")

    assert "Credential=AKIAOFTHEPROFILE/" in faulty.authorization
    assert "/eu-west-3/s3/" in faulty.authorization

    monkeypatch.setenv("AWS_PROFILE", "other")
    open_object_store.cache_clear()
    with pytest.raises(StoreUnreachable, match="profile other has no keys"):
        (bucket / "a").read_bytes()


@pytest.mark.moto
def test_credentials_are_in_no_word_of_a_path_or_of_its_store(bucket: ObjectPath) -> None:
    told = f"{bucket} {bucket!r} {bucket.store} {bucket.store!r}"

    assert KEY not in told
    assert SECRET not in told


def test_all_who_open_a_new_store_have_its_id_and_key(bucket: ObjectPath) -> None:
    found: list[tuple[str, bytes]] = []
    assert store_key_if_there(bucket / "store") is None
    threads = [
        threading.Thread(target=lambda: found.append((store_id(bucket / "store"), store_key(bucket / "store"))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 6
    assert len(set(found)) == 1
    assert store_key_if_there(bucket / "store") == found[0][1]


def test_refused_messages_are_counted(bucket: ObjectPath) -> None:
    assert refused_messages(bucket) == {}
    assert [count_refused(bucket, "unsigned") for _ in range(3)] == [1, 2, 3]
    count_refused(bucket, "stale")

    assert refused_messages(bucket) == {"unsigned": 3, "stale": 1}


def test_what_was_written_on_this_machine_is_in_the_ledger(bucket: ObjectPath, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.jpg", tmp_path / "other.jpg"
    for path in (copy, other):
        store_outputs(bucket).write(path, path.name.encode(), ["Ada"])
    ledger = store_outputs(bucket)
    assert ledger.is_own(copy)
    assert [each.path for each in ledger.outputs()] == [copy, other]
    ledger.drop(lambda each: each.path == copy)

    assert store_outputs(bucket).paths() == [other]
