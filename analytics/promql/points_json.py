"""Series with their points as JSON text, many at once: by arrays where values are whole numbers, else by pieces."""

from collections.abc import Sequence
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from analytics.promql.block import Floats, Mask, Times
from analytics.promql.text import plain

Bytes = NDArray[np.uint8]
_encode = msgspec.json.encode
_NOTHING = b"\0"
"""Fills what is narrower than its column in an array of text, and is deleted at the end."""
_CLOSING = b'"],'
_GROUP = 10_000
"""Whole numbers are written in groups of four digits."""
_NO_DIGITS = 2 * _GROUP
"""The index of the group without digits."""
_SOME = 0.1
"""Share of whole numbers up to which their ends are cut off one by one."""
_WHOLE = 2.0**53
"""Whole numbers below this are exact."""


def time_text(at: int) -> bytes:
    """Milliseconds as seconds."""
    seconds, rest = divmod(at, 1000)
    return b"%d.%03d" % (seconds, rest) if rest else b"%d" % seconds


class PointWriter:
    """Writes the floats of series at the same times.

    Args:
        times: milliseconds.
    """

    def __init__(self, times: Times) -> None:
        self._openings = [b'[%b,"' % time_text(at) for at in times.tolist()]
        self._following = [_CLOSING + each for each in self._openings]
        self._columns: Bytes | None = None

    def series(self, metrics: Sequence[bytes], values: Floats, present: Mask) -> bytes:
        """Objects of a matrix, with a comma between two.

        Args:
            metrics: the labels of each series as JSON.
            values, present: `[series, step]`; each series has at least one value.
        """
        numbers = values if present.all() else np.where(present, values, 0.0)
        if _are_whole(numbers):
            return self._whole(metrics, numbers, present)
        return self._any(metrics, values, present)

    def points(self, values: Floats, present: Mask) -> bytes:
        """The points of one series, as a JSON array."""
        steps = np.flatnonzero(present)
        openings = [self._openings[step] for step in steps.tolist()]
        points = [opening + text for opening, text in zip(openings, number_texts(values[steps]), strict=True)]
        return b"[" + b'"],'.join(points) + b'"]]'

    def _whole(self, metrics: Sequence[bytes], numbers: Floats, present: Mask) -> bytes:
        """Text in columns of one width: a bracket or comma, the opening, sign and digits, and the end."""
        if self._columns is None:
            openings = np.array([b"," + each for each in self._openings])
            self._columns = openings.view(np.uint8).reshape(len(openings), -1)
        digits = _digits(numbers)
        start, end = self._columns.shape[1], self._columns.shape[1] + digits.shape[2]
        text = np.empty((*numbers.shape, end + 2), np.uint8)
        text[:, :, :start] = self._columns
        text[:, :, start:end] = digits
        text[:, :, end], text[:, :, end + 1] = b'"]'
        if not present.all():
            text[~present] = 0
        text[np.arange(len(text)), present.argmax(1), 0] = ord("[")
        written = [each.tobytes().translate(None, _NOTHING) for each in text]
        return b",".join(
            [b'{"metric":%b,"values":%b]}' % each for each in zip(metrics, written, strict=True)],
        )

    def _any(self, metrics: Sequence[bytes], values: Floats, present: Mask) -> bytes:
        """Text in pieces, two for each point."""
        count, following = len(self._openings), self._following
        if present.all():
            texts, openings = number_texts(values.ravel()), following * len(metrics)
            starts = list(range(0, len(texts), count))
        else:
            texts, openings = (
                number_texts(values[present]),
                [following[step] for step in np.nonzero(present)[1].tolist()],
            )
            starts = [0, *np.cumsum(present.sum(1)).tolist()[:-1]]
        pieces: list[bytes] = [b""] * (2 * len(texts))
        pieces[0::2], pieces[1::2] = openings, texts
        for start, metric in zip(starts, metrics, strict=True):
            opening = openings[start].removeprefix(_CLOSING)
            pieces[2 * start] = b'%b{"metric":%b,"values":[%b' % (b'"]]},' if start else b"", metric, opening)
        return b"".join(pieces) + b'"]]}'


def number_texts(values: Floats) -> list[bytes]:
    """The digits of each value."""
    numbers = values.tolist()
    encoded = _encode(numbers)[1:-1]
    whole = np.flatnonzero(np.rint(values) == values)
    if len(whole) > _SOME * len(values):
        texts = (encoded + b",").replace(b".0,", b",").split(b",")[:-1]
    else:
        texts = encoded.split(b",")
        for place in whole.tolist():
            texts[place] = texts[place].removesuffix(b".0")
    if b"e" in encoded or b"n" in encoded:
        pairs = zip(texts, numbers, strict=True)
        return [plain(number).encode() if b"e" in text or b"n" in text else text for text, number in pairs]
    return texts


def _are_whole(numbers: Floats) -> bool:
    magnitudes = np.abs(numbers)
    return bool(magnitudes.max(initial=0.0) < _WHOLE) and bool((np.rint(magnitudes) == magnitudes).all())


def _digits(numbers: Floats) -> Bytes:
    """Sign and digits of whole numbers: `[series, step, column]`."""
    rest, table = np.abs(numbers).astype(np.int64), _groups()
    most = int(rest.max(initial=0))
    groups: list[NDArray[np.uint32]] = []
    while most >= _GROUP:
        rest, low = np.divmod(rest, _GROUP)
        alone = np.where(low > 0, low, _NO_DIGITS) if groups else low
        groups.append(table.take(np.where(rest > 0, low + _GROUP, alone)))
        most //= _GROUP
    groups.append(table.take(np.where(rest > 0, rest, _NO_DIGITS) if groups else rest))
    parts = [each.view(np.uint8).reshape(*numbers.shape, 4) for each in reversed(groups)]
    is_negative = np.signbit(numbers)
    if is_negative.any():
        parts.insert(0, np.where(is_negative, np.uint8(ord("-")), np.uint8(0))[:, :, None])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


@cache
def _groups() -> NDArray[np.uint32]:
    """Four characters each: numbers below 10,000, the same with leading zeros, and nothing."""
    numbers = [b"%d" % number for number in range(_GROUP)] + [b"%04d" % number for number in range(_GROUP)] + [b""]
    return np.array(numbers, "S4").view(np.uint32)
