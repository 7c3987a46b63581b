"""What decides the last bits of a result on a machine: versions of the numeric packages, and the processor.

With different ones scores may differ by rounding: libraries choose other kernels for other instruction sets, and other
blocks for other caches (not noted; the processor's name stands for them, which a virtual machine may hide). The text is
stored beside what was computed, never in it: "numpy 2.4.1, processor ..., python 3.11".
"""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from workers.device import cuda_name, uses_cuda

NUMERIC_PACKAGES = (
    "numpy", "scipy", "scikit-learn", "keras", "tensorflow", "tensorflow-cpu", "onnxruntime", "onnxruntime-gpu",
    "openvino", "opencv-python-headless", "opencv-python", "dlib-bin", "dlib", "simplejpeg", "pillow",
)  # fmt: skip

PROCESSOR, INSTRUCTIONS = "processor", "instructions"

_DECIDING = ("sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "asimd", "asimddp", "asimdhp", "sve", "sve2", "bf16")
_DECIDING_FAMILIES = ("avx512", "amx", "i8mm", "svebf16")
"""Beginnings of the names of instructions for which ONNX Runtime, oneDNN, OpenBLAS or OpenCV have kernels."""

CPUINFO = Path("/proc/cpuinfo")


@functools.cache
def numeric_environment() -> str:
    """The text of this machine."""
    return environment_text(environment_here())


def environment_here() -> dict[str, str]:
    """Versions by package, `python` (major and minor), and PROCESSOR and INSTRUCTIONS where the system names them."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in NUMERIC_PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    instructions = instruction_set()
    return {**found, PROCESSOR: processor_name(), **({INSTRUCTIONS: instructions} if instructions else {})}


def environment_text(environment: Mapping[str, str]) -> str:
    """One line, sorted by name.

    >>> environment_text({"python": "3.11", "numpy": "2.4.1"})
    'numpy 2.4.1, python 3.11'
    """
    return ", ".join(f"{name} {value}" for name, value in sorted(environment.items()))


def environment_of(text: str) -> dict[str, str]:
    """The inverse of `environment_text`."""
    pairs = (item.partition(" ") for item in text.split(", ") if item)
    return {name: value for name, _, value in pairs}


def differences(environments: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """The values, sorted, of each name that has several; a name that one of them lacks is no difference there.

    INSTRUCTIONS that differ hold only what not all have: the full lists are long.
    """
    values: dict[str, set[str]] = {}
    for environment in environments:
        for name, value in environment.items():
            values.setdefault(name, set()).add(value)
    found = {name: tuple(sorted(several)) for name, several in sorted(values.items()) if len(several) > 1}
    if INSTRUCTIONS in found:
        found[INSTRUCTIONS] = _without_common(found[INSTRUCTIONS])
    return found


def _without_common(lists: tuple[str, ...]) -> tuple[str, ...]:
    common = set.intersection(*(set(one.split()) for one in lists))
    return tuple(" ".join(word for word in one.split() if word not in common) or "none of these" for one in lists)


def processor_name() -> str:
    """The processor of this machine as its system names it, without commas, and the CUDA device where one is used."""
    name = _of_cpuinfo("model name") or platform.processor() or platform.machine()
    return f"{name} with {cuda_name()}".replace(",", " ") if uses_cuda() else name.replace(",", " ")


def instruction_set() -> str:
    """The instructions that libraries choose their kernels by, sorted, in one line; empty where they are not known."""
    words = (_of_cpuinfo("flags") or _of_cpuinfo("Features")).split()
    return " ".join(sorted(word for word in words if word in _DECIDING or word.startswith(_DECIDING_FAMILIES)))


def _of_cpuinfo(field: str) -> str:
    """A field of the first processor; empty where there is none."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == field), "")
