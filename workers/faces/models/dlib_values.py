"""dlib's serialization format, value by value.

An integer is a control byte (low nibble: number of bytes that follow; bit 7: negative) and little-endian bytes. A
float is two integers, mantissa and exponent. A tensor is raw float32. Malformed bytes raise ValueError.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Cursor:
    """Reads one value after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise ValueError("ends too soon")
        self._at += count
        return self._data[self._at - count : self._at]

    def whole(self) -> int:
        control = self.take(1)[0]
        if control & 0x70:
            raise ValueError(f"no integer at byte {self._at - 1}")
        value = int.from_bytes(self.take(control & 0x0F), "little")
        return -value if control & 0x80 else value

    def wholes(self, count: int) -> list[int]:
        return [self.whole() for _ in range(count)]

    def real(self) -> float:
        mantissa, exponent = self.wholes(2)
        if exponent >= 30000:  # dlib's codes for infinities and NaN
            return float("nan")
        return float(mantissa) * 2.0**exponent

    def reals(self, count: int) -> list[float]:
        return [self.real() for _ in range(count)]

    def truth(self) -> bool:
        return self.take(1) == b"1"

    def word(self) -> str:
        return self.take(self.whole()).decode("ascii")

    def tensor(self) -> Array:
        """(samples, channels, rows, columns) float32."""
        self.expect(2)
        shape = self.wholes(4)
        return np.frombuffer(self.take(4 * int(np.prod(shape))), "<f4").reshape(shape)

    def shape(self) -> list[int]:
        """The sizes of an alias tensor: a view of a part of the layer's parameters."""
        self.expect(1)
        return self.wholes(4)

    def expect(self, *versions: int) -> int:
        found = self.whole()
        if found not in versions:
            raise ValueError(f"version {found} at byte {self._at}, not one of {versions}")
        return found

    @property
    def done(self) -> bool:
        return self._at == len(self._data)
