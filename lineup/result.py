"""A run as Python sees it: its tables as DataFrames, its recommendation, its model, its report."""

from __future__ import annotations

import html
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import InputError, LineupError, RunNotFound
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from storage.schemas import CATALOG, RUN_FACES, SPLITS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lineup.notebook import ReportFrame
    from storage.runs import Run
    from workers.recognition.recogniser import Recogniser

_SCHEMAS = {"catalog": CATALOG, "faces": RUN_FACES, "splits": SPLITS, **SPLIT_TABLES, **COMPARISON_TABLES}


@dataclass(frozen=True)
class IdentifiedFace:
    """A face of a photo and its name.

    Attributes:
        name: a known person, or "unknown".
        nearest: the most probable known person, also where `name` is "unknown".
        likeness: of the face and that person's training faces, 0 to 100 %.
        distance: the same as the encoder measures it.
        probability: of `nearest` if the face is one of the known people, 0 to 1; says nothing about strangers.
        box: left, top, right, bottom in pixels of the upright photo, inclusive.
    """

    name: str
    nearest: str
    likeness: float
    distance: float
    probability: float
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Recommended:
    """What to use; prints as its sentence.

    Attributes:
        configuration: its name; None where none can be recommended.
        sentence: what to use and why.
        rule: by which it was chosen.
        tied: that name as many test faces.
        excluded: those that are never recommended, each with the reason.
    """

    configuration: str | None
    sentence: str
    rule: str
    tied: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return self.sentence


class Result:
    """A run; `lineup.run` and `lineup.open_run` give one."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._models: dict[str | None, Recogniser] = {}

    @property
    def name(self) -> str:
        """Of the run, as the command line takes it."""
        return self._run.run_id

    @property
    def folder(self) -> Path:
        """Of its tables, in the store."""
        return self._run.folder

    @property
    def finished(self) -> bool:
        """Whether all its tables and its report are there."""
        return self._run.finished

    @property
    def compares(self) -> bool:
        """Whether it is one that trains and compares."""
        return self._run.compares

    @property
    def comparison(self) -> pd.DataFrame:
        """A row a configuration, the best first; the columns are those of `storage.schemas.COMPARISON`."""
        from orchestrator.report.terminal import comparison_rows

        self._check_finished()
        rows = comparison_rows(_read(self._run, "comparison"))
        return _pandas().DataFrame(rows).set_index("configuration")

    @property
    def recommendation(self) -> Recommended:
        """What to use, and why."""
        from orchestrator.report.recommended import recommendation_as_json

        self._check_finished()
        told = recommendation_as_json(_read(self._run, "comparison"), _read(self._run, "operating_points"))
        excluded = tuple((each["configuration"], each["because"]) for each in told["excluded"])
        return Recommended(told["configuration"], told["sentence"], told["rule"], tuple(told["tied"]), excluded)

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run by its name, such as "faces", "splits" or "suspects".

        Raises:
            InputError: there is no such table.
        """
        if name not in _SCHEMAS:
            raise InputError(f"{name!r} is no table of a run", f"Choose from {', '.join(sorted(_SCHEMAS))}")
        _pandas()
        return _read(self._run, name).to_pandas()

    def identify(
        self, picture: Any, *, configuration: str | None = None, threshold: float | None = None
    ) -> list[IdentifiedFace]:
        """Name every face of a photo, the largest first, by the winner of the comparison.

        Args:
            picture: a path; the bytes of an image file; a PIL image; or an array (height, width, 3) uint8, RGB.
            configuration: another than the winner; it is fitted on all known faces where that was not done yet.
            threshold: the likeness in per cent below which a face is unknown, in place of the model's own.

        Raises:
            InputError: the picture cannot be read, or there is no such configuration.
            RunNotFound: the run is not finished.
        """
        from lineup.picture_bytes import name_of_picture, picture_bytes
        from orchestrator.inference.photos import name_photo_bytes
        from workers.faces.engine import load_engine
        from workers.faces.refusal import Refusal

        recogniser = self._recogniser(configuration, threshold)
        engine = load_engine(recogniser.settings)
        data = picture_bytes(picture, engine.settings.limits.file_bytes)
        if isinstance(data, Refusal):
            raise InputError(f"{name_of_picture(picture)} {data.reason}")
        began = time.perf_counter()
        answer, _ = name_photo_bytes(Path("picture"), data, engine, recogniser, annotate=False, began=began)
        if not answer.was_read:
            raise InputError(f"{name_of_picture(picture)}: {answer.reason}")
        return [_identified(face.named, face.box) for face in answer.faces]

    def report(self) -> ReportFrame:
        """The report; a notebook shows it in a frame, and its `path` is a page that any browser opens."""
        from lineup.notebook import ReportFrame

        self._check_finished()
        return ReportFrame(self._run.report / "index.html")

    def resume(self, *, processes: int | None = None, progress: bool = True) -> Result:
        """Go on with the run after an interrupt, and return it; arguments and errors as of `lineup.run`."""
        from lineup.drive import drive, progress_display
        from lineup.start_run import settings_and_store
        from orchestrator.scheduler.compatibility import check_resumable

        check_resumable(self._run)
        self._run.let_go_on()
        settings, _ = settings_and_store(self._run.store, processes)
        with progress_display(progress) as screen:
            drive(self._run, settings, screen)
        return self

    def __repr__(self) -> str:
        return f"<lineup run {self.name}, {'finished' if self.finished else 'not finished'}>"

    def _repr_html_(self) -> str:
        if not (self.finished and self.compares):
            return f"<code>{html.escape(repr(self))}</code>"
        from orchestrator.report.terminal import COLUMNS, comparison_cells

        cells = comparison_cells(_read(self._run, "comparison"), _read(self._run, "operating_points"))
        head = "".join(f"<th>{html.escape(name)}</th>" for name in COLUMNS)
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in cells)
        sentence = html.escape(self.recommendation.sentence)
        return f"<p><b>{sentence}</b></p><table><tr>{head}</tr>{rows}</table>"

    def _recogniser(self, configuration: str | None, threshold: float | None) -> Recogniser:
        from orchestrator.inference.load_model import recogniser_of

        if threshold is not None and not 0 <= threshold <= 100:
            raise InputError(f"threshold is {threshold:g}", "It is a likeness from 0 to 100 %")
        if configuration not in self._models:
            self._models[configuration] = recogniser_of(self._run, configuration)
            self._models[configuration].warm()
        found = self._models[configuration]
        return found if threshold is None else found.needing(threshold)

    def _check_finished(self) -> None:
        if not self._run.compares:
            raise InputError(f"run {self.name} compares nothing", "Open a run of lineup.run")
        if not self._run.finished:
            raise RunNotFound(f"run {self.name} is not finished", f"Go on: lineup.open_run({self.name!r}).resume()")


def _identified(named: Any, box: tuple[int, int, int, int]) -> IdentifiedFace:
    return IdentifiedFace(named.name, named.nearest, named.likeness, named.distance, named.probability, box)


def _read(run: Run, name: str) -> pa.Table:
    from storage.tables import read_table

    return read_table(run.table(name), _SCHEMAS[name])


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError as error:
        raise LineupError("a DataFrame needs pandas", 'Run: pip install "lineup[notebook]"') from error
    return pd
