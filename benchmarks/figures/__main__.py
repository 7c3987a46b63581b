"""Make figures from runs, and put them into the documents: `make figures`.

    python -m benchmarks.figures [NAME...] [--data FOLDER] [--keep]

Each figure is written to docs/figures/NAME.md. A figure whose photos are not on this machine is left as it is. The
photos are no part of the project. Other files of docs/figures name the command that measured them in their last line.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.figures.comparisons import PhotosMissing, Runner
from benchmarks.figures.documents import ROOT, insert, store
from benchmarks.figures.makers import FIGURES, content


def main() -> None:
    """Make the chosen figures, or all but the slow ones."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the photos' folders")
    parser.add_argument("--keep", action="store_true", help="use finished runs of build/figures/store again")
    chosen = parser.parse_args()
    strange = sorted(set(chosen.names) - FIGURES.keys())
    if strange:
        parser.error(f"{', '.join(strange)}: there is {', '.join(FIGURES)}; the last line of another says its command")
    runner = Runner(chosen.data.resolve(), chosen.keep)
    for name in chosen.names or [name for name, figure in FIGURES.items() if not figure.slow]:
        try:
            store(name, content(name, runner))
        except PhotosMissing as error:
            print(f"{name} stays as it is: {error}", flush=True)
        else:
            print(f"docs/figures/{name}.md", flush=True)
    for path in insert():
        print(f"changed: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
