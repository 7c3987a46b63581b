"""Everything that the documents name exists: commands, options, make targets, variables, files, functions."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from tests.command_line import parse
from workers.queue.environment import Settings

ROOT = Path(__file__).parents[1]
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
DOCUMENTS = {path.name: path.read_text() for path in (*map(ROOT.joinpath, TOP), *sorted((ROOT / "docs").glob("*.md")))}
README = DOCUMENTS["README.md"]

ENVIRONMENT_ONLY = {"LINEUP_CACHE", "LINEUP_SFACE", "LINEUP_LIVENESS"}
"""Read by the face engine and the store, which know no settings."""

OF_CONTAINERS = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
"""Held to their meaning by test_containers.py."""


def blocks(text: str) -> Iterator[str]:
    """The lines of shell blocks, continued ones joined."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def shell_commands(text: str) -> Iterator[list[str]]:
    """The arguments of each `lineup` in shell blocks."""
    for line in blocks(text):
        for part in re.split(r"&&|[;|]", re.sub(r"(^|\s)#.*", "", line)):
            found = re.search(r"(?:^|\s)lineup ([a-z].*)", part)
            if found:
                yield shlex.split(found[1])


def inline_commands(text: str) -> Iterator[list[str]]:
    """The arguments of each `lineup ...` in a sentence."""
    for words in re.findall(r"`lineup ([a-z][^`]*)`", text):
        yield shlex.split(words.replace("\n", " "))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_lineup_command_in_a_document_is_one_that_lineup_has(name: str) -> None:
    for arguments in shell_commands(DOCUMENTS[name]):
        parse(arguments)
    for arguments in inline_commands(DOCUMENTS[name]):
        try:
            parse(arguments)
        except click.MissingParameter:
            continue  # a sentence names a command, not all that it needs


def test_a_command_that_lineup_does_not_have_would_be_noticed() -> None:
    assert len(list(shell_commands(README))) >= 8
    assert len(list(inline_commands(README))) >= 3
    for text in ("```sh\nlineup run photos/ --frob\n```", "```sh\nmake x && lineup paint\n```"):
        with pytest.raises(click.UsageError):
            parse(next(shell_commands(text)))


def test_the_readme_lists_every_command_and_no_other() -> None:
    from orchestrator.cli.main import COMMANDS

    (table,) = re.findall(r"^\| command \| what it does \|\n(.*?)\n\n", README, re.MULTILINE | re.DOTALL)
    cells = [row.split(" | ")[0] for row in table.splitlines()[1:]]
    named = {word.split()[0] for cell in cells for word in re.findall(r"`([^`]+)`", cell)}
    assert named == COMMANDS.keys()


def test_every_make_target_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", "\n".join(DOCUMENTS.values()), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def table_of_settings(text: str) -> dict[str, str]:
    """Variable to default, of the rows of a table."""
    return dict(re.findall(r"^\| `?(LINEUP_\w+)`? \| ([^|]*) \|", text, re.MULTILINE))


def test_the_readme_explains_every_setting_with_its_default_and_no_other() -> None:
    explained = table_of_settings(README)
    assert explained.keys() == {f"LINEUP_{name.upper()}" for name in Settings.model_fields} | ENVIRONMENT_ONLY
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int) or (isinstance(field.default, str) and field.default):
            assert str(field.default) in explained[f"LINEUP_{name.upper()}"]


def test_the_module_of_settings_explains_the_same_ones() -> None:
    import workers.queue.environment

    assert table_of_settings(workers.queue.environment.__doc__ or "").keys() == table_of_settings(README).keys() - (
        ENVIRONMENT_ONLY
    )


def test_every_variable_in_a_document_is_a_setting() -> None:
    known = table_of_settings(README).keys() | OF_CONTAINERS
    for name, text in DOCUMENTS.items():
        assert set(re.findall(r"LINEUP_[A-Z_]+\b", text)) <= known, name


def test_every_link_to_a_file_leads_somewhere() -> None:
    for name, text in DOCUMENTS.items():
        folder = ROOT if name in TOP else ROOT / "docs"
        links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
        assert [link for link in links if not (folder / link).exists()] == [], name


def headings(text: str) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    words = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in words}


def test_every_link_to_a_heading_leads_to_one() -> None:
    for name, text in DOCUMENTS.items():
        for target, anchor in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", text):
            heading = DOCUMENTS[Path(target).name if target else name]
            assert anchor in headings(heading), f"{name}: {target}#{anchor}"


def test_the_hooks_before_a_commit_are_the_programs_of_the_lock() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    programs = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert programs == {".venv/bin/ruff", ".venv/bin/mypy"}
    locked = (ROOT / "requirements-dev.lock").read_text()
    assert all(re.search(rf"^{Path(program).name}==", locked, re.MULTILINE) for program in programs)


OURS = "lineup|examples|workers|orchestrator|storage|tests|benchmarks|docs"


def test_every_file_of_ours_that_a_document_names_exists() -> None:
    for name, text in DOCUMENTS.items():
        named = re.findall(rf"`((?:{OURS})/[\w/.-]*)`", text)
        assert [path for path in named if not (ROOT / path).exists()] == [], name
        modules = set(re.findall(r"`(\w+\.py)`", text))
        assert modules <= {path.name for folder in OURS.split("|") for path in (ROOT / folder).rglob("*.py")}, name


def test_every_name_that_a_document_places_in_a_file_is_there() -> None:
    placed = re.findall(r"`(\w+)`\s+in\s+`([\w/.-]+\.py)`", "\n".join(DOCUMENTS.values()))
    assert len(placed) > 20
    found = {name: ast.walk(ast.parse((ROOT / path).read_text())) for name, path in placed}
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Name)
    strange = [
        name
        for name, nodes in found.items()
        if not any(
            name in (getattr(node, "name", ""), getattr(node, "id", "")) for node in nodes if isinstance(node, kinds)
        )
    ]
    assert strange == []


def test_the_picture_of_the_rooms_shows_every_folder_of_code() -> None:
    picture = DOCUMENTS["architecture.md"].split("```")[1]
    shown = {name.rstrip("/") for name in re.findall(r"\b\w+/", picture)}
    floors = ("lineup", "orchestrator", "workers", "storage")
    packages = {path.parent for top in floors for path in (ROOT / top).rglob("*.py")}
    assert shown == {path.name for path in packages}


SECURITY = DOCUMENTS["security.md"]
WITHOUT_PROMISES = {"The boundary", "Reporting"}
TEST = re.compile(r"`(tests/[\w/.-]+\.py)(?:::(test_\w+))?`")


def sections_of(text: str) -> dict[str, str]:
    """Title to text of the sections of a document."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def promises(section: str) -> list[str]:
    """The items of the lists of a section; an item's lines are indented."""
    return re.findall(r"^- .*(?:\n  .*)*", section, re.MULTILINE)


@pytest.mark.parametrize("title", sorted(sections_of(SECURITY).keys() - WITHOUT_PROMISES))
def test_every_promise_of_the_security_page_names_a_test(title: str) -> None:
    section = sections_of(SECURITY)[title]
    assert TEST.search(section)
    # what follows "It cannot remove:" is no promise
    unheld = [each for each in promises(section.split("It cannot remove:")[0]) if not TEST.search(each)]
    assert unheld == []


def test_every_test_that_a_document_names_exists() -> None:
    named = {found for text in DOCUMENTS.values() for found in TEST.findall(text)}
    assert len(named) > 30
    missing = []
    for file, test in named:
        path = ROOT / file
        if not path.is_file() or (test and not re.search(rf"^def {test}\(", path.read_text(), re.MULTILINE)):
            missing.append(f"{file}::{test}")
    assert missing == []


def test_a_promise_without_a_test_would_be_noticed() -> None:
    assert promises("- One.\n  More of it.\n- Two.\n\nText.\n") == ["- One.\n  More of it.", "- Two."]
    assert TEST.findall("`tests/a/test_b.py::test_c` and `tests/d.py`") == [
        ("tests/a/test_b.py", "test_c"),
        ("tests/d.py", ""),
    ]
