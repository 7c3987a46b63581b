"""Two environments are told apart by what decides the last bits of a result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers import device
from workers import numeric_environment as module
from workers.numeric_environment import (
    differences,
    environment_here,
    environment_of,
    environment_text,
    instruction_set,
    processor_name,
)

X86 = "processor\t: 0\nmodel name\t: Z80, fast\nflags\t\t: fpu sse4_2 avx2 avx512f avx512_bf16 smep\n\nflags\t: fpu\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd crc32 sve bf16\n"


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "CPUINFO", tmp_path / "cpuinfo")
    return tmp_path / "cpuinfo"


def test_this_machine_has_a_text_that_is_read_back() -> None:
    here = environment_here()
    assert here["numpy"] == np.__version__
    assert here["python"].count(".") == 1
    assert environment_of(environment_text(here)) == here
    assert environment_of("") == {}


def test_the_processor_is_known_by_its_name_and_by_the_instructions_that_kernels_are_chosen_by(cpuinfo: Path) -> None:
    cpuinfo.write_text(X86)
    assert processor_name() == "Z80  fast"
    assert instruction_set() == "avx2 avx512_bf16 avx512f sse4_2"
    assert environment_of(environment_text(environment_here())) == environment_here()
    cpuinfo.write_text(ARM)
    assert instruction_set() == "asimd bf16 sve"


def test_a_system_that_does_not_name_its_instructions_has_none(cpuinfo: Path) -> None:
    assert not cpuinfo.exists()
    assert instruction_set() == ""
    assert "instructions" not in environment_here()
    assert processor_name()


def test_only_what_differs_is_a_difference_and_a_missing_package_is_none() -> None:
    one = {"numpy": "2.4.1", "scipy": "1.17", "instructions": "avx2 fma"}
    other = {"numpy": "2.5.0", "instructions": "avx2 avx512f fma", "keras": "3"}
    assert differences([one, one]) == {}
    assert differences([one, other]) == {"numpy": ("2.4.1", "2.5.0"), "instructions": ("avx512f", "none of these")}


def test_a_worker_that_uses_cuda_names_its_device_beside_the_processor(
    cpuinfo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo.write_text(X86)
    monkeypatch.setattr(device, "GPUS", tmp_path)
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:01:00.0" / "information").write_text("Model: \t\t NVIDIA T4\nIRQ:   \t\t 35\n")
    assert processor_name() == "Z80  fast"
    monkeypatch.setenv(device.VARIABLE, "cuda")
    assert processor_name() == "Z80  fast with NVIDIA T4"
