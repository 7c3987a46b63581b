"""The reading process works within its limits also for an ordinary user, as workers in containers are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = """
import os, sys
from pathlib import Path
from storage.engine_settings import Limits
from workers.faces.decode.pillow_formats import load_decoders
from workers.faces.decode.reader_process import allow_cpu, confine
from workers.faces.decode.read_image import read_image
data = Path(sys.argv[1]).read_bytes()
limits = Limits()
load_decoders()
confine()
os.geteuid() or os.setuid(65534)
allow_cpu(15)
print(read_image(data, limits).rgb.shape)
"""


@pytest.mark.parametrize("name", ["odd-photos/01-iphone.HEIC", "bad-inputs/hopper.webp", "bad-inputs/hopper.jpg"])
def test_an_ordinary_user_s_process_decodes_within_its_limits(shared_data: Path, name: str) -> None:
    command = [sys.executable, "-c", NOBODY, str(shared_data / name)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[4], env={**os.environ}
    )
    assert done.stdout.startswith("("), done.stderr
