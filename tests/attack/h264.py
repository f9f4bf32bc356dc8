"""Films of H.264 made by hand: grey pictures of any size, few bytes a picture."""

from __future__ import annotations

import re

BLOCK = "00100111"
"""A block of 16x16, predicted from its neighbours, without coefficients."""


class _Bits:
    """Bits in the notation of ITU-T H.264, 7.3."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def u(self, width: int, *values: int) -> _Bits:
        self._bits += [format(value, f"0{width}b") for value in values]
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            bits = format(value + 1, "b")
            self._bits.append("0" * (len(bits) - 1) + bits)
        return self

    def raw(self, bits: str) -> _Bits:
        self._bits.append(bits)
        return self

    def unit(self, head: int) -> bytes:
        bits = "".join(self._bits) + "1"
        bits += "0" * (-len(bits) % 8)
        data = int(bits, 2).to_bytes(len(bits) // 8)
        # No unit may seem to begin within: a 3 comes after two zeros before what would look so.
        data = re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", data, flags=re.DOTALL)
        return b"\0\0\0\1" + bytes([head]) + data


def film(
    width: int, height: int, pictures: int, kept: int = 1, pixel: tuple[int, int] | None = None
) -> bytes:
    """Sizes are multiples of 16. `kept` pictures must be held by the decoder, at most 16. `pixel`:
    a pixel's width and height as the film states them; None: it states none."""
    across, down = width // 16, height // 16
    sequence = _Bits().u(8, 66, 0, 52).ue(0, 0, 2, kept).u(1, 0).ue(across - 1, down - 1)
    sequence.u(1, 1, 1, 0, pixel is not None)
    if pixel is not None:  # of what may be said about its use (annex E) this alone
        sequence.u(1, 1).u(8, 255).u(16, *pixel).u(1, *[0] * 8)
    parts = [
        sequence.unit(0x67),
        _Bits()
        .ue(0, 0)
        .u(1, 0, 0)
        .ue(0, 0, 0)
        .u(1, 0)
        .u(2, 0)
        .ue(0, 0, 0)
        .u(1, 0, 0, 0)
        .unit(0x68),
        _Bits().ue(0, 7, 0).u(4, 0).ue(0).u(1, 0, 0).ue(0).raw(BLOCK * across * down).unit(0x65),
    ]
    for number in range(1, pictures):  # all blocks as they were
        same = _Bits().ue(0, 5, 0).u(4, number % 16).u(1, 0, 0, 0).ue(0).ue(across * down)
        parts.append(same.unit(0x41))
    return b"".join(parts)
