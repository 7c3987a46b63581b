"""Imports go down only, between floors and between rooms; names are unique; heavy libraries load late; no pickle."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import lineup

ROOT = Path(__file__).parents[1]
FLOORS = ("lineup", "orchestrator", "workers", "storage")
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))

LEVELS = (
    ("lineup",),
    ("orchestrator.cli",),
    ("orchestrator.local", "orchestrator.maintenance", "orchestrator.inference", "orchestrator.verification"),
    ("orchestrator.scheduler",),
    ("orchestrator.report",),
    ("orchestrator.dataset",),
    ("orchestrator.experiment",),
    ("orchestrator.text", "orchestrator.stop_request"),
    ("workers.queue",),
    ("workers.jobs",),
    ("workers.recognition",),
    ("workers.learning",),
    ("workers.compare", "workers.faces", "workers.synthetic"),
    ("workers.cores", "workers.memory", "workers.numeric_environment"),
    ("workers.device",),
    ("storage",),
)
"""The rooms from the top down. A room may import itself and rooms of lower levels; neighbours do not know each other.
So the orchestrator may import workers and storage, workers may import storage, and nothing imports upwards. `lineup`,
which users import, stands above all."""

PURE = (
    *("workers/faces", "workers/learning", "workers/compare", "workers/synthetic"),
    *("orchestrator/dataset/splits.py", "orchestrator/report"),
)
HEAVY = {
    *("tensorflow", "keras", "dlib", "cv2", "onnxruntime", "onnx", "sklearn", "scipy", "matplotlib"),
    *("PIL", "tflite", "face_recognition_models"),
}
HEAVY_BASES = {"lineup/sklearn_encoder.py": {"sklearn"}, "lineup/sklearn_classifier.py": {"sklearn"}}
"""Modules of classes whose base classes are a heavy library's; nothing imports them before a user asks for a class."""
MOST_LINES = 265
MOST_STATEMENT_LINES = 40
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """The full names of imported modules."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative imports hide where they lead"
            names.add(node.module)
    return names


def everywhere(file: Path) -> set[str]:
    return imported(ast.walk(ast.parse(file.read_text())))


def at_module_level(file: Path) -> set[str]:
    """What importing the module imports: not inside functions, not for the type checker alone."""

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            yield child
            yield from walk(child)

    return imported(walk(ast.parse(file.read_text())))


def tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 60
    assert "numpy" in at_module_level(ROOT / "workers/learning/classical/predictors.py")
    assert "cv2" in everywhere(ROOT / "workers/faces/engine.py") - at_module_level(ROOT / "workers/faces/engine.py")


def offenders(files: Iterable[Path], fault: Callable[[Path], object]) -> dict[str, object]:
    """Files with what is wrong about them; so that one test names them all."""
    faults = {of(file): fault(file) for file in files}
    return {name: fault for name, fault in faults.items() if fault}


def room_of(module: str) -> str:
    """`orchestrator.cli.main` is in `orchestrator.cli`; lineup and storage are one room each."""
    parts = module.split(".")
    return parts[0] if parts[0] in ("lineup", "storage") else ".".join(parts[:2])


def rooms_imported(file: Path) -> set[str]:
    """The rooms of ours that a file imports, wherever in it; `from orchestrator import text` names a room too."""
    modules = everywhere(file)
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in ("orchestrator", "workers"):
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {module for module in modules if module.split(".")[0] in FLOORS}
    return {room_of(module) for module in ours - {"orchestrator", "workers"}}


def test_rooms_import_only_what_lies_below_them() -> None:
    level = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}

    def wrong(file: Path) -> set[str]:
        own = room_of(of(file).removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        if own in ("orchestrator", "workers"):
            return rooms_imported(file)  # the packages themselves import nothing
        return {room for room in rooms_imported(file) if room != own and level[room] <= level[own]}

    assert offenders(FILES, wrong) == {}


def docstring(file: Path) -> str | None:
    return ast.get_docstring(ast.parse(file.read_text()))


def test_every_folder_says_what_it_is() -> None:
    folders = {file.parent for file in FILES}
    silent = [
        of(folder) for folder in folders if not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert silent == []


def test_no_two_modules_have_one_name() -> None:
    counts = Counter(file.stem for file in FILES if file.stem != "__init__")
    assert [name for name, count in counts.items() if count > 1] == []


def is_command_or_task(file: Path, node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether a function's name is what a user or a message calls it: it may be that of the work behind it."""
    if of(file).startswith("lineup/") and node.name in lineup.__all__:
        return True
    kind = {"orchestrator/cli": "click.command", "workers/queue": "app.task"}.get(of(file.parent))
    return kind is not None and any(ast.unparse(one).startswith(kind) for one in node.decorator_list)


def test_no_two_public_functions_or_classes_have_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for file in FILES:
        for node in ast.parse(file.read_text()).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or is_command_or_task(file, node):
                continue
            if not node.name.startswith("_"):
                places[node.name].append(of(file))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_pure_rooms_know_no_queue() -> None:
    pure = [file for file in FILES if of(file).startswith(PURE)]
    assert offenders(pure, lambda file: tops(everywhere(file)) & {"celery", "kombu", "redis", "billiard"}) == {}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    def loads_early(file: Path) -> set[str]:
        return (tops(at_module_level(file)) & HEAVY) - HEAVY_BASES.get(of(file), set())

    assert offenders(FILES, loads_early) == {}


def test_nothing_is_pickled() -> None:
    def pickles(file: Path) -> set[str]:
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        switched_on = {
            word.arg for call in calls for word in call.keywords if word.arg and ast.unparse(word.value) == "True"
        }
        return tops(everywhere(file)) & UNSAFE | switched_on & {"allow_pickle"}

    assert offenders(FILES, pickles) == {}


def test_modules_and_functions_are_short() -> None:
    def long(file: Path) -> list[str]:
        text = file.read_text()
        found = ["module"] if len(text.splitlines()) >= MOST_LINES else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (node.end_lineno or 0) - body[0].lineno >= MOST_STATEMENT_LINES:
                    found.append(node.name)
        return found

    assert offenders(FILES, long) == {}


def loaded_by(code: str) -> set[str]:
    listing = "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code + listing], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "lineup",
        "lineup.start_run",
        "orchestrator.cli.main",
        "orchestrator.cli.run_commands",
        "orchestrator.cli.inspect_commands",
        "orchestrator.cli.service_commands",
        "storage.runs",
    ],
)
def test_importing_the_front_door_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import {module}") & {*HEAVY, "celery", "redis", "pandas"}


def test_a_workers_parent_loads_nothing_heavy() -> None:
    assert not loaded_by("import workers.queue.app, workers.queue.tasks") & HEAVY


def test_help_is_there_at_once() -> None:
    def processor_seconds() -> float:
        before = os.times()
        subprocess.run([Path(sys.executable).with_name("lineup"), "--help"], check=True, capture_output=True)
        after = os.times()
        # processor time, because a busy machine stretches any other
        return after.children_user - before.children_user + after.children_system - before.children_system

    started = time.monotonic()
    assert min(processor_seconds() for _ in range(3)) < 0.3
    assert time.monotonic() - started < 60
