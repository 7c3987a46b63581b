"""A finished run of drawn people, and a drawn picture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lineup.result import Result
from orchestrator.report.build import draw_report
from tests.tiny_run import tiny_run
from workers.faces.photo import Pixels
from workers.queue.environment import load_settings
from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene


@pytest.fixture(autouse=True)
def _settings_of_each_test() -> Iterator[None]:
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Three people, four photos each, compared and reported."""
    run = tiny_run(tmp_path_factory.mktemp("finished"), people=3, photos=4)
    draw_report(run)
    return Result(run)


@pytest.fixture(scope="session")
def picture() -> Pixels:
    """A drawn face, (256, 256, 3) uint8 RGB."""
    return render(draw_identity(seed=3), draw_scene(seed=3, person=0, photo=0))
