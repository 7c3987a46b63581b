"""The items of an attempt that died are suspects; those of one that runs, ended well or was asked to stop are not."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.attempts import Attempt, claim_attempt
from storage.errors import StoreError, StoreFull
from storage.read_attempts import count_deaths, forget_deaths, look_at_attempts, read_attempts

PART = "0" * 32
PHOTOS = ["a" * 64, "b" * 64]

WORKING = """
import sys
from pathlib import Path
from storage.attempts import Attempt
with Attempt(Path(sys.argv[1]), sys.argv[2]) as log:
    for item in sys.argv[4:]:
        log.begin(item, float(sys.argv[3]))
    print("begun", flush=True)
    exec(sys.stdin.read())
"""


def begun(folder: Path, *items: str, seconds: float = 60) -> subprocess.Popen[bytes]:
    """A process in the middle of an attempt; what it is told on standard input it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKING, folder, PART, str(seconds), *items], stdin=-1, stdout=-1, stderr=-1
    )
    assert process.stdout
    assert process.stdout.readline() == b"begun\n"
    return process


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = begun(tmp_path, *PHOTOS)
    yield process
    process.kill()
    process.communicate()


def test_what_a_living_process_has_begun_is_running(tmp_path: Path, worker: subprocess.Popen[bytes]) -> None:
    assert worker.poll() is None
    assert read_attempts(tmp_path) == ({PART, *PHOTOS}, [])


def test_items_that_follow_each_other_at_once_share_a_watchdog_that_is_never_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []
    now = 100.0
    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda seconds, **_: started.append(now + seconds))
    monkeypatch.setattr("storage.attempts.time.monotonic", lambda: now)
    with Attempt(tmp_path, PART) as attempt:
        for now in (100.0, 100.2, 100.4, 100.6, 100.8):  # each item may take two seconds
            attempt.allow(2)
            assert started[-1] >= now + 2
        attempt.allow(60)
    assert len(started) == 3  # at 100, at 100.6, and for another limit


def test_a_living_process_tells_how_far_it_is_and_a_dead_one_left_no_such_words(tmp_path: Path) -> None:
    with Attempt(tmp_path, PART) as attempt:
        attempt.begin(PART, 60)
        attempt.tell("epoch 3/60")
        assert look_at_attempts(tmp_path).progress == {PART: "epoch 3/60"}
        attempt.tell("epoch 4/60")  # sooner than anybody looks
        assert look_at_attempts(tmp_path).progress == {PART: "epoch 3/60"}
        written = attempt.path.read_bytes()
    assert look_at_attempts(tmp_path).progress == {}
    (tmp_path / f"{PART}.0.attempt").write_bytes(written + b"Progress: epo")
    running, (death,) = read_attempts(tmp_path)
    assert (running, death.items, death.last_words) == (set(), (PART,), "")


def test_a_store_that_takes_no_words_of_progress_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Attempt(tmp_path, PART) as attempt:
        attempt.begin(PART, 60)
        with monkeypatch.context() as full:
            full.setattr(os, "write", lambda *_: 0)
            attempt.tell("epoch 3/60")
        assert look_at_attempts(tmp_path).progress == {}
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_suspects(tmp_path: Path, worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait()
    running, (death,) = read_attempts(tmp_path)
    assert running == set()
    assert (death.part, death.items, death.timed_out) == (PART, tuple(PHOTOS), False)
    assert count_deaths([death, death])[PHOTOS[0]] == 2
    forget_deaths([death])
    assert read_attempts(tmp_path) == (set(), [])


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("raise RuntimeError('two\\nlines ' + 'c' * 64)", "Raised RuntimeError: two lines"),
        ("import ctypes; ctypes.string_at(0)", "Fatal Python error: Segmentation fault"),
        ("import os; os.abort()", "Fatal Python error: Aborted"),
    ],
)
def test_last_words_say_why_and_are_never_taken_for_photos(tmp_path: Path, deed: str, words: str) -> None:
    begun(tmp_path, *PHOTOS).communicate(deed.encode())
    _, (death,) = read_attempts(tmp_path)
    assert death.items == tuple(PHOTOS)
    assert words in death.last_words
    assert not death.timed_out


def test_a_process_that_hangs_with_the_interpreters_lock_ends_itself_in_time(tmp_path: Path) -> None:
    process = begun(tmp_path, PHOTOS[0], seconds=0.5)
    process.communicate(b"import ctypes; ctypes.PyDLL(None).pause()", timeout=30)
    assert process.returncode == 1
    _, (death,) = read_attempts(tmp_path)
    assert death.timed_out


@pytest.mark.parametrize("deed", ["pass", "raise SystemExit(1)", "import sys; sys.exit()"])
def test_a_process_that_ends_well_or_is_asked_to_stop_leaves_no_trace(tmp_path: Path, deed: str) -> None:
    begun(tmp_path, *PHOTOS).communicate(deed.encode())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_photos_fault(tmp_path: Path) -> None:
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5, {resource.RLIM_INFINITY}))"
    process = begun(tmp_path, PHOTOS[0])
    _, errors = process.communicate(f"{full}; log.begin('{PHOTOS[1]}', 5)".encode())
    assert b"StoreError: cannot write" in errors
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with no byte left; needs root."""
    folder = tmp_path / "full"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_an_attempt_that_cannot_begin_on_a_full_disk_holds_nothing_and_begins_when_there_is_room(full: Path) -> None:
    assert os.statvfs(full).f_bavail == 0
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(StoreFull, match="No space left"), Attempt(full / "attempts", PART):
            pytest.fail("began an attempt that no other process can see")
        assert read_attempts(full / "attempts") == (set(), [])
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before
    (full / "filler").unlink()
    with Attempt(full / "attempts", PART):
        assert read_attempts(full / "attempts") == ({PART}, [])


def test_of_two_claims_of_one_part_the_second_gets_none_until_the_first_ends(tmp_path: Path) -> None:
    with claim_attempt(tmp_path, PART) as first:
        assert first
        with claim_attempt(tmp_path, PART) as second, claim_attempt(tmp_path, "1" * 32) as other:
            assert second is None
            assert other
    with claim_attempt(tmp_path, PART) as third:
        assert third


def test_a_claim_is_free_when_its_process_has_died(tmp_path: Path, worker: subprocess.Popen[bytes]) -> None:
    with claim_attempt(tmp_path, PART) as attempt:
        assert attempt is None
    worker.kill()
    worker.wait()
    with claim_attempt(tmp_path, PART) as attempt:
        assert attempt


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"), Attempt(tmp_path / "file", PART):
        pytest.fail("began an attempt that no other process can see")


def test_two_readers_at_once_do_not_take_each_other_for_a_running_attempt(tmp_path: Path) -> None:
    process = begun(tmp_path, *PHOTOS)
    process.kill()
    process.wait()
    looking = (
        f"from storage.read_attempts import read_attempts; from pathlib import Path; f = Path({str(tmp_path)!r})\n"
    )
    code = looking + "assert all(read_attempts(f)[1] and not read_attempts(f)[0] for _ in range(500))"
    lookers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [looker.wait(60) for looker in lookers] == [0, 0]


def test_an_attempt_has_no_name_before_it_is_locked(tmp_path: Path) -> None:
    """Many short attempts are made while they are read: none counts as dead."""
    code = (
        "from storage.attempts import Attempt; from pathlib import Path\n"
        f"for _ in range(300):\n    with Attempt(Path({str(tmp_path)!r}), {PART!r}) as log: log.begin('c' * 64, 60)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code])
    while worker.poll() is None:
        assert read_attempts(tmp_path)[1] == []
    assert worker.returncode == 0


def test_the_watchdog_sleeps_when_the_attempt_has_ended(tmp_path: Path) -> None:
    process = begun(tmp_path, PHOTOS[0], seconds=0.3)
    wait = "import signal; signal.sigtimedwait([signal.SIGUSR1], 1); import os; os._exit(7)"
    process.communicate(f"log.__exit__(None, None, None); {wait}".encode())
    assert process.returncode == 7


def test_term_without_a_handler_leaves_a_suspect(tmp_path: Path) -> None:
    """The worker's pool turns TERM into SystemExit; a bare process dies of it, and that is a death."""
    process = begun(tmp_path, *PHOTOS)
    os.kill(process.pid, signal.SIGTERM)
    process.wait()
    assert len(read_attempts(tmp_path)[1]) == 1
