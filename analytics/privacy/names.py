"""Searches JSON for names of fields without decoding it."""

import re
from collections.abc import Iterable, Iterator, Set
from math import prod
from sys import byteorder
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray  # would load the documentation of types

LARGE_TEXT = 2048
"""Bytes from which numpy is faster than a regular expression."""
WINDOW_BYTES = 4
"""Bytes that numpy compares at once. It looks at every fourth byte only, so a name must hold a whole window."""
WINDOWS_PER_CALL = 16 * 1024
"""Windows that numpy compares in one call; larger arrays would be allocated anew each time."""
SHORTEST_NAME = 2 * WINDOW_BYTES - 1
"""A text of this length holds a whole window, wherever it begins."""
MOST_LOOKS = 5_000
"""With more closer looks at one body, it counts as one that may have a name."""
COMMON = b'etaoinsr"hldcum_fpgwybvkxjqz'
"""Characters of names in JSON, the commonest first."""
FACTOR = np.uint32(0x9E3779B1)
"""Multiplier of Fibonacci hashing: the upper half of the product is the hash of a window."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DASHES = "-_"
_FOLD = str.maketrans(_LETTERS, _LETTERS.lower(), _DASHES)
_FOLD_BYTES = bytes.maketrans(_LETTERS.encode(), _LETTERS.lower().encode())
PAIR_NAMES, PAIR_VALUE = frozenset(("name", "key")), "value"
"""Fields of a pair, such as `{"name": "authorization", "value": "..."}`."""


def folded(name: str) -> str:
    """A name as names are compared: A to Z in lower case, and without `-` and `_`."""
    return name.translate(_FOLD)


def _folded(json: bytes) -> bytes:
    """JSON with everything in it folded, like the names in it."""
    return json.translate(_FOLD_BYTES, _DASHES.encode())


class NameSearch:
    """Searches for fields and pairs with any of these `folded` names.

    `may_be_in` is cheap and sometimes wrongly true. `is_in` is certain, except for JSON with escapes, where both are
    true if a name could be written with them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        texts = sorted({name.encode() for name in names})
        self._has_names = bool(texts)
        short = [re.escape(text) for text in texts if len(text) + 2 < SHORTEST_NAME]
        # a regular expression that begins with letters is searched for faster than a quoted text
        self._short = [re.compile(b'%b"(?<="%b")' % (text, text)).search for text in short]
        self._escapes = re.compile(rb"\\u00[2-7]" if all(map(bytes.isascii, texts)) else rb"\\u")
        first = b"".join(sorted({re.escape(text[:1]) for text in texts}))
        either = b"|".join(map(re.escape, texts))
        quoted = b'"(?=[%b])(?:%b)"' % (first or b"_", either)  # most fields fail at the first character
        self._find = re.compile(quoted).search
        self._has_name = re.compile(
            rb'%b\s*+:|"(?:%b)"\s*+:\s*+%b' % (quoted, "|".join(PAIR_NAMES).encode(), quoted)
        ).search
        self._reach = max(map(len, texts), default=0) + 2
        self._windows: set[int] = set()
        for text in sorted((b'"%b"' % text for text in texts if len(text) + 2 >= SHORTEST_NAME), key=len):
            self._windows.update(_windows(text, self._windows))
        self._hashes = np.zeros(2**16, bool)
        if self._windows:
            self._hashes[_hash(np.array(sorted(self._windows), np.uint32))] = True

    def may_be_in(self, body: bytes) -> bool:
        """Whether JSON may have one of the fields."""
        if not self._has_names:
            return False
        if b"\\" in body and self._escapes.search(body):
            return True
        text = _folded(body)
        if len(text) < LARGE_TEXT:
            return self._find(text) is not None
        return any(find(text) for find in self._short) or self._has_window(text)

    def is_in(self, json: bytes) -> bool:
        """Whether JSON has one of the fields, or a pair with one of the names."""
        return self._has_names and bool(self._has_name(_folded(json)) or (b"\\" in json and self._escapes.search(json)))

    def _has_window(self, text: bytes) -> bool:
        """Whether a quoted name stands in a large text; looks more closely where a window of one does."""
        read = np.frombuffer(text, np.uint32, len(text) // WINDOW_BYTES)
        looks = 0
        for start in range(0, len(read), WINDOWS_PER_CALL):
            windows = read[start : start + WINDOWS_PER_CALL]
            places = self._hashes.take(_hash(windows)).nonzero()[0]
            for place, window in zip(places.tolist(), windows[places].tolist(), strict=True):
                if window in self._windows:
                    looks += 1
                    byte = WINDOW_BYTES * (start + place)
                    if looks > MOST_LOOKS or self._find(
                        text, max(0, byte - self._reach), byte + self._reach + WINDOW_BYTES
                    ):
                        return True
        return False


def _hash(windows: "NDArray[np.uint32]") -> "NDArray[np.uint32]":
    hashes = windows * FACTOR
    hashes >>= np.uint32(16)
    return hashes


def _frequency(window: bytes) -> float:
    """Estimated frequency of a window, from the rank of its characters.

    Names have the same endings, such as `key`, more often than the same beginnings.
    """
    return (8 if window.endswith(b'"') else 1) * prod(1 / (COMMON.find(each) % len(COMMON) + 1) for each in window)


def _windows(text: bytes, known: Set[int]) -> Iterator[int]:
    """Four successive windows of a text, one of which `_has_window` reads.

    Those with the rarest letters are chosen: a window that is common in other texts costs a closer look each time.
    Those that are `known` cost nothing more: `token` and `access_token` have the same.
    """
    every = [text[start : start + WINDOW_BYTES] for start in range(len(text) - WINDOW_BYTES + 1)]
    numbers = [int.from_bytes(window, byteorder) for window in every]
    costs = [0.0 if number in known else _frequency(window) for number, window in zip(numbers, every, strict=True)]
    start = min(range(len(every) - WINDOW_BYTES + 1), key=lambda start: sum(costs[start : start + WINDOW_BYTES]))
    yield from numbers[start : start + WINDOW_BYTES]
