"""Put figures into the documents, between their markers: `python -m benchmarks.figures.documents`.

<!-- figures:NAME -->
the bytes of docs/figures/NAME.md
<!-- /figures -->
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures"

_MARKED = re.compile(r"^<!-- figures:([a-z0-9-]+) -->\n(.*?)^<!-- /figures -->$", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    """README.md and docs/*.md."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def marked(text: str) -> list[tuple[str, str]]:
    """Each pair of markers: the figure's name, and what stands between them.

    >>> marked("<!-- figures:demo -->\\nold\\n<!-- /figures -->\\n")
    [('demo', 'old\\n')]
    """
    return _MARKED.findall(text)


def filled(text: str, contents: Mapping[str, str]) -> str:
    """The text with the contents between their markers; names that are not in `contents` stay as they are.

    >>> filled("<!-- figures:demo -->\\nold\\n<!-- /figures -->\\n", {"demo": "new\\n"})
    '<!-- figures:demo -->\\nnew\\n<!-- /figures -->\\n'
    """

    def replacement(found: re.Match[str]) -> str:
        name, old = found.groups()
        return f"<!-- figures:{name} -->\n{contents.get(name, old)}<!-- /figures -->"

    return _MARKED.sub(replacement, text)


def unmarked(text: str) -> str:
    """The text without what is between markers."""
    return filled(text, dict.fromkeys((name for name, _ in marked(text)), ""))


def stored() -> dict[str, str]:
    """The figures of docs/figures, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FIGURES.glob("*.md"))}


def store(name: str, content: str) -> None:
    """Write docs/figures/NAME.md."""
    FIGURES.mkdir(exist_ok=True)
    (FIGURES / f"{name}.md").write_text(content.rstrip("\n") + "\n", encoding="utf-8")


def insert() -> list[Path]:
    """Put all stored figures between their markers; returns the documents that changed."""
    contents, changed = stored(), []
    for path in documents():
        text = path.read_text(encoding="utf-8")
        new = filled(text, contents)
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for document in insert():
        print(document.relative_to(ROOT))
