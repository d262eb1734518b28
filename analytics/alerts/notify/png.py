"""Small line charts as PNG images (w3.org/TR/png), drawn without a library."""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]

WHITE: Colour = (255, 255, 255)
GRID: Colour = (226, 230, 235)
LINE: Colour = (37, 99, 235)
LIMIT: Colour = (217, 45, 32)
SHADE: Colour = (253, 226, 223)
MARGIN = 6
LINE_PIXELS = 2


class Chart(NamedTuple):
    """The values of a chart from left to right, None for a gap.

    Attributes:
        threshold: a value that is drawn as a line across; None for none.
        firing: from which value on the background is shaded; None for none.
    """

    values: Sequence[float | None]
    threshold: float | None = None
    firing: int | None = None


def png(chart: Chart, width: int, height: int) -> bytes:
    """The image of a chart in pixels."""
    pixels: Pixels = np.full((height, width, 3), WHITE, np.uint8)
    known = [value for value in (*chart.values, chart.threshold) if value is not None]
    least, most = min(known, default=0.0), max(known, default=1.0)
    columns = np.linspace(MARGIN, width - MARGIN - 1, max(2, len(chart.values))).round().astype(int)

    half = most / 2 - least / 2  # of the greatest numbers the whole is infinite

    def row(value: float) -> int:
        part = (most / 2 - value / 2) / half if half else 0.5
        return round(MARGIN + part * (height - 2 * MARGIN - 1))

    if chart.firing is not None and chart.firing < len(chart.values):
        pixels[:, columns[chart.firing] :] = SHADE
    for part in range(5):
        pixels[round(MARGIN + part / 4 * (height - 2 * MARGIN - 1)), :] = GRID
    if chart.threshold is not None:
        at = row(chart.threshold)
        for start in range(0, width, 8):
            pixels[at : at + 1, start : start + 5] = LIMIT
    before: tuple[int, int] | None = None
    for column, value in zip(columns.tolist(), chart.values, strict=False):
        here = None if value is None else (column, row(value))
        if here is not None:
            _draw(pixels, before or here, here)
        before = here
    return encoded(pixels)


def encoded(pixels: Pixels) -> bytes:
    """Pixels `[row, column, red green blue]` as a PNG file."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, body) for kind, body in parts)


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _draw(pixels: Pixels, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Draw a line between two places, column and row."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    columns, rows = (np.linspace(start[axis], end[axis], steps + 1).round().astype(int).tolist() for axis in (0, 1))
    for x, y in zip(columns, rows, strict=True):
        pixels[max(0, y) : y + LINE_PIXELS, max(0, x) : x + LINE_PIXELS] = LINE
