"""Hour counts: how many events a file has by service, type and hour, so that questions about these need not read it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from analytics.clock import HOUR_SECONDS

HOUR_MICROSECONDS = HOUR_SECONDS * 1_000_000
MOST_COUNTS = 2_000
"""Numbers that the manifest has of a file at most, in 8 KB: of 80 pairs of service and type in each hour of a day."""


class HourCounts(NamedTuple):
    """The events of a service and a type: how many there are in each hour from `first` on (hours since 1970)."""

    service: str
    type: str
    first: int
    counts: list[int]

    def between(self, first: int, end: int) -> "HourCounts":
        """Those in the hours from `first` to before `end`."""
        if first <= self.first and self.first + len(self.counts) <= end:
            return self
        start = max(self.first, first)
        return self._replace(first=start, counts=self.counts[start - self.first : max(end - self.first, 0)])


_decode = msgspec.json.Decoder(list[HourCounts]).decode


def encoded_counts(rows: Iterable[tuple[str, str, int, int]]) -> str | None:
    """The text in the manifest, from numbers of events by service, type and hour; None if it would be too long."""
    pairs: dict[tuple[str, str], dict[int, int]] = {}
    for service, type_, hour, count in rows:
        of_pair = pairs.setdefault((service, type_), {})
        of_pair[hour] = of_pair.get(hour, 0) + count
    found = [HourCounts(*pair, min(hours), _in_order(hours)) for pair, hours in sorted(pairs.items())]
    return msgspec.json.encode(found).decode() if sum(len(each.counts) for each in found) <= MOST_COUNTS else None


def decoded_counts(text: str) -> list[HourCounts]:
    """The counts in a text of the manifest."""
    return _decode(text)


def counts_together(texts: Iterable[str | None]) -> str | None:
    """The text of the counts of several files together; None where those of one are not known."""
    parts: list[tuple[str, str, int, int]] = []
    for text in texts:
        if text is None:
            return None
        for service, type_, first, counts in decoded_counts(text):
            parts += [(service, type_, hour, count) for hour, count in enumerate(counts, first) if count]
    return encoded_counts(parts)


def _in_order(hours: Mapping[int, int]) -> list[int]:
    return [hours.get(hour, 0) for hour in range(min(hours), max(hours) + 1)]
