"""OpenVINO gives the same embeddings, or an error that says why it cannot run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from storage.engine_settings import EncoderName, EngineSettings
from storage.errors import EngineError
from workers.faces.embed.face_encoder import load_face_encoder
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.faces.models import openvino_runtime
from workers.faces.photo import Pixels

INSTALLED = importlib.util.find_spec("openvino") is not None

needs_openvino = pytest.mark.skipif(not INSTALLED, reason='needs the extra: pip install "lineup[openvino]"')

Chips = dict[tuple[int, int], Pixels]


@pytest.fixture(autouse=True)
def cleared_check() -> Iterator[None]:
    """Clear the cached check of this machine before and after each test."""
    openvino_runtime.missing_for.cache_clear()
    yield
    openvino_runtime.missing_for.cache_clear()


@pytest.mark.skipif(INSTALLED, reason="OpenVINO is installed here")
@pytest.mark.parametrize("name", sorted(openvino_runtime.PRECISIONS))
def test_without_openvino_the_error_says_how_to_install_it(name: EncoderName) -> None:
    for asked in (lambda: engine_fingerprint(EngineSettings(encoder=name)), lambda: load_face_encoder(name)):
        with pytest.raises(EngineError, match=r"OpenVINO is not installed.*lineup\[openvino\]"):
            asked()


@needs_openvino
def test_single_precision_agrees_with_onnx_runtime(chips: Chips) -> None:
    ours, theirs = load_face_encoder("openvino"), load_face_encoder("onnx")
    every = np.stack(list(chips.values()))
    assert np.abs(ours(every) - theirs(every)).max() < 1e-5  # no buffer of one face is another's


@needs_openvino
@pytest.mark.parametrize("name", sorted(openvino_runtime.PRECISIONS))
def test_the_other_chips_of_a_call_change_no_bit(chips: Chips, name: EncoderName) -> None:
    if name == "openvino-bf16" and not openvino_runtime.has_bfloat16():
        pytest.skip("this processor has no bfloat16 instructions")
    encode = load_face_encoder(name)
    every = np.stack(list(chips.values())[:5])
    alone = np.concatenate([encode(every[row : row + 1]) for row in range(len(every))])
    assert np.array_equal(encode(every), alone)
    assert np.array_equal(encode(every[::-1]), alone[::-1])


@needs_openvino
def test_a_mirrored_view_and_its_contiguous_copy_give_equal_embeddings(chips: Chips) -> None:
    chip = next(iter(chips.values()))[:, ::-1]
    mirrored = np.ascontiguousarray(chip)
    assert np.array_equal(load_face_encoder("openvino")(chip[None]), load_face_encoder("openvino")(mirrored[None]))


@needs_openvino
def test_bfloat16_is_close_on_processors_that_have_it_and_an_error_elsewhere(chips: Chips) -> None:
    settings = EngineSettings(encoder="openvino-bf16")
    if not openvino_runtime.has_bfloat16():
        for asked in (lambda: engine_fingerprint(settings), lambda: load_face_encoder("openvino-bf16")):
            with pytest.raises(EngineError, match="no bfloat16 instructions"):
                asked()
        return
    assert engine_fingerprint(settings) != engine_fingerprint(EngineSettings())
    every = np.stack(list(chips.values()))
    apart = np.linalg.norm(load_face_encoder("openvino-bf16")(every) - load_face_encoder("onnx")(every), axis=1)
    assert 0 < apart.min() <= apart.max() < 0.05  # 0.6 is where another person begins


@needs_openvino
def test_the_runtime_is_part_of_the_fingerprint() -> None:
    default = EngineSettings()
    assert engine_fingerprint(replace(default, encoder="openvino")) != engine_fingerprint(default)
