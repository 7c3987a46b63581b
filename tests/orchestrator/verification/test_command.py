"""`lineup verify` as it is typed, with a private broker and real workers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.orchestrator.verification.lfw import pairs_text, write_people
from tests.tiny_run import lineup


def test_a_second_call_encodes_nothing_and_says_the_same(tmp_path: Path) -> None:
    names = write_people(tmp_path / "photos", 6, 3)
    (tmp_path / "pairs.txt").write_text(pairs_text(names, 3, 2, 6))
    call = ("verify", "--pairs", str(tmp_path / "pairs.txt"), str(tmp_path / "photos"), "--json")
    first = lineup(tmp_path / "store", *call)
    assert first.returncode == 0, first.stderr
    parts = {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "encodings").rglob("*.parquet")}
    second = lineup(tmp_path / "store", *call, "--roc", str(tmp_path / "roc.svg"))
    assert json.loads(second.stdout) == json.loads(first.stdout)
    assert parts == {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "encodings").rglob("*.parquet")}
    assert "Encoding faces" not in second.stderr
    assert (tmp_path / "roc.svg").stat().st_size > 1000

    run_id = json.loads(first.stdout)["run_id"]
    assert lineup(tmp_path / "store", "check", run_id).returncode == 0
    assert lineup(tmp_path / "store", "report", run_id).returncode == 2


def test_a_folder_and_a_csv_are_judged_on_the_same_encodings(tmp_path: Path) -> None:
    names = write_people(tmp_path / "photos", 6, 3)
    folder = lineup(tmp_path / "store", "verify", str(tmp_path / "photos"), "--json", "--roc", str(tmp_path / "c.svg"))
    assert folder.returncode == 0, folder.stderr
    told = json.loads(folder.stdout)
    assert told["engine"]["policy"] == "central"
    assert told["pairs"]["photos"] == told["photos"]["ok"]
    assert told["identification"]["trials"] == 10
    assert (tmp_path / "c.svg").stat().st_size > 1000

    genuine = [f"{name}/{name}_0001.jpg,{name}/{name}_000{i}.jpg,1" for name in names for i in (2, 3)]
    pairs = list(zip(names, names[1:] + names[:1], strict=True))
    impostors = [f"{one}/{one}_000{i}.jpg,{other}/{other}_0001.jpg,0" for one, other in pairs for i in (1, 2)]
    (tmp_path / "pairs.csv").write_text("\n".join(["first,second,same", *genuine, *impostors]) + "\n")
    call = ("verify", str(tmp_path / "photos"), "--pairs", str(tmp_path / "pairs.csv"))
    listed = lineup(tmp_path / "store", *call)
    assert listed.returncode == 0, listed.stderr
    assert "people drawn by seed 42" in listed.stdout
    assert "TAR at FAR 0.1" in listed.stdout
    assert "Encoding faces" not in listed.stderr

    (tmp_path / "pairs.csv").write_text("first,second,same\n../a.jpg,b.jpg,1\n")
    hostile = lineup(tmp_path / "store", *call)
    assert hostile.returncode == 2
    assert "line 2" in hostile.stderr
    both = lineup(tmp_path / "store", *call, "--gallery", "2")
    assert both.returncode == 2
    assert "--gallery and --labels are for a folder" in both.stderr


def test_a_pairs_file_that_is_none_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("hello\n")
    done = lineup(tmp_path / "store", "verify", "--pairs", str(tmp_path / "pairs.txt"), str(tmp_path))
    assert done.returncode == 2
    assert "first line" in done.stderr
    assert "Traceback" not in done.stderr
