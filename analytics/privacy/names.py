"""Searches JSON for names of fields without decoding it."""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

LARGE = 2048
"""Bytes from which numpy is faster than a regular expression."""
WINDOW = 4
"""Bytes that numpy compares at once. It looks at every fourth byte only, so a name must hold a whole window."""
CHUNK = 16 * 1024
"""Windows that numpy compares in one call; larger arrays would be allocated anew each time."""
SHORTEST = 2 * WINDOW - 1
"""A text of this length holds a whole window, wherever it begins."""
COMMON = b'etaoinsr"hldcum_fpgwybvkxjqz'
"""Characters of names in JSON, the commonest first."""
LOWER = np.uint32(0x20202020)
FACTOR = np.uint32(0x9E3779B1)
"""Multiplier of Fibonacci hashing: the upper half of the product is the hash of a window."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOLD = str.maketrans(f"{_LETTERS}-", f"{_LETTERS.lower()}_")
_FOLD_BYTES = bytes.maketrans(f"{_LETTERS}-".encode(), f"{_LETTERS.lower()}_".encode())


def folded(name: str) -> str:
    """A name as names are compared: A to Z in lower case, and `-` as `_`."""
    return name.translate(_FOLD)


class NameSearch:
    """Searches for fields with any of these `folded` names.

    `may_be_in` is cheap and sometimes wrongly true. `is_in` is certain, except for JSON with escapes, where both are
    true if a name could be written with them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        texts = sorted({name.encode() for name in names})
        self._has_names = bool(texts)
        self._short = [b'"%b"' % text for text in texts if len(text) + 2 < SHORTEST]
        self._escapes = re.compile(rb"\\u00[2-7]" if all(map(bytes.isascii, texts)) else rb"\\u")
        either = b"|".join(re.escape(text).replace(b"_", b"[-_]") for text in texts)
        first = b"".join(sorted({re.escape(text[:1]).replace(b"_", b"_-") for text in texts}))
        quoted = b'"(?=[%b])(?:%b)"' % (first or b"_", either)  # most fields fail at the first character
        self._find = re.compile(quoted, re.IGNORECASE).search
        self._field = re.compile(rb"%b\s*:" % quoted, re.IGNORECASE)
        self._reach = max(map(len, texts), default=0) + 2
        long = [b'"%b"' % text for text in texts if len(text) + 2 >= SHORTEST]
        self._windows = {window for text in long for window in _windows(text)}
        self._hashes = np.zeros(2**16, bool)
        if self._windows:
            self._hashes[_hash(np.array(sorted(self._windows), np.uint32))] = True

    def may_be_in(self, body: bytes) -> bool:
        """Whether JSON may have one of the fields."""
        if not self._has_names:
            return False
        if b"\\" in body and self._escapes.search(body):
            return True
        if len(body) < LARGE:
            return self._find(body) is not None
        return self._has_short(body) or self._has_window(body)

    def is_in(self, json: bytes) -> bool:
        """Whether JSON has one of the fields."""
        return self._has_names and bool(self._field.search(json) or (b"\\" in json and self._escapes.search(json)))

    def _has_short(self, body: bytes) -> bool:
        """Whether a quoted name stands in a large body that is too short to hold a whole window."""
        if not self._short:
            return False
        text = body.translate(_FOLD_BYTES)
        return any(name in text for name in self._short)

    def _has_window(self, body: bytes) -> bool:
        """Whether a quoted name stands in a large body; looks more closely where a window of one does."""
        read = np.frombuffer(body, np.uint32, len(body) // WINDOW)
        for start in range(0, len(read), CHUNK):
            windows = np.bitwise_or(read[start : start + CHUNK], LOWER)
            places = self._hashes.take(_hash(windows)).nonzero()[0]
            for place, window in zip(places.tolist(), windows[places].tolist(), strict=True):
                if window in self._windows:
                    byte = WINDOW * (start + place)
                    if self._find(body, max(0, byte - self._reach), byte + self._reach + WINDOW):
                        return True
        return False


def _hash(windows: NDArray[np.uint32]) -> NDArray[np.uint32]:
    hashes = windows * FACTOR
    hashes >>= np.uint32(16)
    return hashes


def _frequency(window: bytes) -> float:
    """Estimated frequency of a window, from the rank of its characters."""
    return prod(1 / (COMMON.find(character) % len(COMMON) + 1) for character in window)


def _windows(text: bytes) -> Iterator[int]:
    """Four successive windows of a text, one of which `_has_window` reads; `_` may stand for a dash.

    Those with the rarest letters are chosen: a window that is common in other texts costs a closer look each time.
    """
    every = [text[start : start + WINDOW] for start in range(len(text) - WINDOW + 1)]
    start = min(range(len(every) - WINDOW + 1), key=lambda start: sum(map(_frequency, every[start : start + WINDOW])))
    for window in every[start : start + WINDOW]:
        for characters in product(*((b"-_" if character == ord("_") else (character,)) for character in window)):
            yield int(np.frombuffer(bytes(characters), np.uint32)[0] | LOWER)
