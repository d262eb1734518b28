"""Remembers the labels of series by the bytes that they were read from: senders repeat them in every request."""

from collections.abc import Iterable
from typing import NamedTuple

from analytics.doors.series_labels import checked_labels
from analytics.points import NAME_LABEL, Labels

MOST_KEY_BYTES = 4 * 1024 * 1024
"""Bytes of keys in each of two generations: those of 10,000 series and more."""
LONGEST = 1024
"""Bytes of the longest key that is remembered."""


SERVICE = "service"
"""The label that names the service of a series."""


class KnownSeries(NamedTuple):
    """The labels of a series, and its name."""

    labels: Labels
    name: str


def known_series(pairs: Iterable[tuple[str, str]]) -> KnownSeries:
    """The series with these labels, and with its job as its service if it names none.

    Raises:
        BadLabels: they are not valid.
    """
    pairs = list(pairs)
    names = dict(pairs)
    if names.get("job") and not names.get(SERVICE):
        pairs = [*[pair for pair in pairs if pair[0] != SERVICE], (SERVICE, names["job"])]
    labels = checked_labels(pairs)
    return KnownSeries(labels, next(value for name, value in labels if name == NAME_LABEL))


class SeriesCache:
    """Series by their bytes. When the younger generation is full, the older one is forgotten."""

    def __init__(self) -> None:
        self._young: dict[bytes, KnownSeries] = {}
        self._old: dict[bytes, KnownSeries] = {}
        self._size = 0

    def get(self, key: bytes) -> KnownSeries | None:
        """The series with these bytes, if it is remembered."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.add(key, found)
        return found

    def add(self, key: bytes, series: KnownSeries) -> None:
        """Remember a series."""
        if len(key) > LONGEST:
            return
        if self._size > MOST_KEY_BYTES:
            self._old, self._young, self._size = self._young, {}, 0
        self._young[key] = series
        self._size += len(key)
