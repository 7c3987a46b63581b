"""Make figures from runs, and put them into the documents: `make figures`.

    python -m benchmarks.figures [NAME...] [--data FOLDER] [--keep]

Each figure is written to docs/figures/NAME.md, from a run that is made now, or from the output file of a longer command
(`make bench`). Where photos or output file are not on this machine, the figure is left as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.figures.comparisons import Runner, SourceMissing
from benchmarks.figures.documents import ROOT, insert, store
from benchmarks.figures.makers import FIGURES, NAMES, content


def main() -> None:
    """Make the chosen figures, or all but the slow ones."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the photos' folders")
    parser.add_argument("--keep", action="store_true", help="use finished runs of build/figures/store again")
    chosen = parser.parse_args()
    strange = sorted(set(chosen.names) - {*NAMES})
    if strange:
        parser.error(f"{', '.join(strange)}: there is {', '.join(NAMES)}; the last line of another tells its origin")
    slow = {name for name, figure in FIGURES.items() if figure.slow}
    runner = Runner(chosen.data.resolve(), chosen.keep)
    for name in chosen.names or [name for name in NAMES if name not in slow]:
        try:
            store(name, content(name, runner))
        except SourceMissing as error:
            print(f"{name} stays as it is: {error}", flush=True)
        else:
            print(f"docs/figures/{name}.md", flush=True)
    for path in insert():
        print(f"changed: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
