"""A path in an object store does what a path in a folder does."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import StoreError, StoreUnreachable
from storage.object_path import WHOLE_BYTES, ObjectPath
from storage.object_stores import open_object_store
from tests.s3 import FaultyProxy, ObjectServer


@pytest.fixture(params=["folder", "object"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder, and a prefix of a bucket: the tests that use it hold for both."""
    if request.param == "folder":
        return tmp_path / "store"
    path: ObjectPath = request.getfixturevalue("bucket")
    return path / "some" / "store"


def filled(place: Path) -> Path:
    for name in ("a/1.txt", "a/2.txt", "a/deep/3.json", "ab/4.txt", "ä b+c%20?.txt"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    return place


def test_names_are_those_of_a_path(place: Path) -> None:
    path = place / "runs" / "one.x" / "part.tar.gz"

    assert (path.name, path.stem, path.suffix) == ("part.tar.gz", "part.tar", ".gz")
    assert path.parent.parent == place / "runs"
    assert path.parents[2] == place
    assert path.with_name("other") == path.parent / "other"
    assert str(path.relative_to(place)) == "runs/one.x/part.tar.gz"
    assert path.is_relative_to(place)
    assert not place.is_relative_to(path)
    assert str(path).startswith(str(place))
    assert sorted({place / "b", place / "a", place / "a"}) == [place / "a", place / "b"]
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301 - our own
    with pytest.raises(ValueError):
        place.relative_to(path)


def test_what_is_there_is_found(place: Path) -> None:
    filled(place)

    assert [path.name for path in sorted(place.iterdir())] == ["a", "ab", "ä b+c%20?.txt"]
    assert sorted(str(each.relative_to(place)) for each in place.glob("a*/*.txt")) == ["a/1.txt", "a/2.txt", "ab/4.txt"]
    assert [str(each.relative_to(place)) for each in place.glob("*/deep/3.json")] == ["a/deep/3.json"]
    assert sorted(each.name for each in (place / "a").rglob("*.*")) == ["1.txt", "2.txt", "3.json"]
    assert (place / "a").is_dir()
    assert not (place / "a").is_file()
    assert (place / "a/1.txt").is_file()
    assert not (place / "a/1.txt").is_dir()
    assert not (place / "a/nothing").exists()
    assert (place / "ä b+c%20?.txt").read_text() == "ä b+c%20?.txt"
    about = (place / "a/1.txt").stat()
    assert about.st_size == 7
    assert about.st_mtime_ns > 10**18


def test_what_is_replaced_has_another_inode_or_time(place: Path) -> None:
    filled(place)
    before = (place / "a/1.txt").stat()
    (place / "a/new").write_bytes(b"other")
    (place / "a/1.txt").unlink()
    (place / "a/1.txt").write_bytes(b"other")
    after = (place / "a/1.txt").stat()

    assert (before.st_ino, before.st_mtime_ns) != (after.st_ino, after.st_mtime_ns)


def test_what_is_deleted_is_gone(place: Path) -> None:
    filled(place)
    (place / "a/1.txt").unlink()
    (place / "a/1.txt").unlink(missing_ok=True)

    with pytest.raises(FileNotFoundError):
        (place / "a/1.txt").unlink()
    with pytest.raises(FileNotFoundError):
        (place / "a/1.txt").read_bytes()
    with pytest.raises(FileNotFoundError):
        (place / "a/1.txt").open("rb")


def test_a_large_file_is_read_by_ranges(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    content = os.urandom(3 * WHOLE_BYTES)
    (place / "large").write_bytes(content)

    with (place / "large").open("rb") as file:
        file.seek(-5, os.SEEK_END)
        assert file.read() == content[-5:]
        file.seek(10)
        assert file.read(100) == content[10:110]
        assert file.tell() == 110


def test_an_empty_file_is_empty(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "empty").write_bytes(b"")

    with (place / "empty").open("rb") as file:
        assert file.read() == b""
    assert (place / "empty").read_text() == ""
    assert (place / "empty").is_file()


@pytest.mark.parametrize(
    ("ask", "found"),
    [(lambda path: path.glob("*.txt"), 2), (lambda path: path.objects(), 2), (lambda path: path.iterdir(), 3)],
)
def test_what_lies_directly_below_costs_one_request(
    faulty: FaultyProxy, bucket: ObjectPath, ask: Callable[[ObjectPath], Iterable[object]], found: int
) -> None:
    filled(bucket)
    faulty.requests.clear()

    assert len(list(ask(bucket / "a"))) == found
    ((method, address),) = faulty.requests
    assert method == "GET"
    assert "delimiter" in address


@pytest.mark.slow
def test_a_listing_has_all_pages(bucket: ObjectPath) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: (bucket / "many" / str(number)).put(b""), range(1005)))

    assert len(list((bucket / "many").iterdir())) == 1005
    assert len((bucket / "many").objects()) == 1005
    assert len(list(bucket.listing())) == 1005


def test_an_object_that_changes_while_it_is_read_is_no_mixture(bucket: ObjectPath) -> None:
    path = bucket / "large"
    path.put(b"a" * 2 * WHOLE_BYTES)
    with path.open("rb") as file:
        path.put(b"b" * 2 * WHOLE_BYTES)
        with pytest.raises(StoreError, match="large was replaced while it was read"):
            file.read()


def test_an_object_is_written_once_or_under_its_tag(bucket: ObjectPath) -> None:
    path = bucket / "lease"
    tag = path.put(b"1", "")

    with pytest.raises(FileExistsError):
        path.put(b"2", "")
    later = path.put(b"2", tag)
    with pytest.raises(FileExistsError):
        path.put(b"3", tag)
    assert path.read_with_tag() == (b"2", later)
    path.unlink()
    with pytest.raises(FileExistsError):
        path.put(b"4", later)


def test_the_operating_system_gets_no_name_of_an_object(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    path = ObjectPath("s3://bucket/a")

    for ask in (path.touch, path.rmdir, lambda: path.rename("b"), lambda: Path(path).mkdir()):
        with pytest.raises((TypeError, AttributeError)):
            ask()
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_busy_for_a_moment_is_asked_again(faulty: FaultyProxy, bucket: ObjectPath) -> None:
    faulty.faults.extend(["slow down", "slow down", "cut"])
    (bucket / "a").put(b"1")
    faulty.faults.extend(["cut", "slow down"])

    assert (bucket / "a").read_bytes() == b"1"


def test_a_store_that_stays_busy_is_told_soon_and_without_secrets(
    faulty: FaultyProxy, bucket: ObjectPath, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.object_stores.RETRY_SECONDS", 1)
    faulty.faults.extend(["slow down"] * 1000)

    with pytest.raises(StoreUnreachable, match=f"cannot use {bucket}/a: it answered 503 Service Unavailable") as told:
        (bucket / "a").put(b"1")
    assert not any(secret in str(told.value) for secret in objects.secrets)


def test_a_missing_bucket_and_a_closed_port_are_told(
    bucket: ObjectPath, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks: list[Callable[[ObjectPath], object]] = [lambda p: p.read_bytes(), lambda p: list(p.iterdir())]
    for ask in asks + [lambda p: p.put(b"")] * (not objects.makes_buckets):
        with pytest.raises(StoreUnreachable, match="there is no such bucket"):
            ask(ObjectPath(f"{bucket.bucket}-that-is-not-there/a"))
    monkeypatch.setattr("storage.object_stores.RETRY_SECONDS", 0.2)
    use(objects.environment("http://127.0.0.1:9"), monkeypatch)
    with pytest.raises(StoreUnreachable, match="connection refused"):
        (bucket / "a").read_bytes()


def test_http_is_used_only_where_the_user_allows_it(
    bucket: ObjectPath, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    allows = next(name for name in objects.environment() if name.endswith("_ALLOW_HTTP"))
    monkeypatch.delenv(allows)
    open_object_store.cache_clear()
    with pytest.raises(StoreUnreachable, match=allows):
        (bucket / "a").read_bytes()


def use(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Open stores with these variables from now on."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    open_object_store.cache_clear()
