"""Exact totals of endpoints as parts of a checkpoint."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from analytics.log.disk.stored import Part
from analytics.state.exact import in_units
from analytics.state.sums import Key, SlidingSum, Total

Figure = int | float | str
"""A sum in units of 2**-80, as decimal text; version 0.1.0 wrote the sum itself as a number."""
TotalRows = list[tuple[str, str, Figure, Figure, int, Figure]]
"""Service, endpoint, requests, errors, how many requests had a latency, and the sum of latencies in milliseconds."""


def dumped(family: str, size: int, sums: SlidingSum, numbers: Iterable[int]) -> Iterator[Part]:
    """The buckets of `size` seconds with these numbers, one part each."""
    for number in numbers:
        yield Part(family, 0, number * size, msgspec.json.encode(rows_of(sums.bucket(number))))


def loaded(body: bytes) -> dict[Key, Total]:
    """The totals in the body of a part."""
    return totals_of(msgspec.json.decode(body, type=TotalRows))


def rows_of(table: Mapping[Key, Total]) -> TotalRows:
    """The totals as rows."""
    return [
        (*key, str(held.requests_in_units), str(held.errors_in_units), held.timed, str(held.ms_in_units))
        for key, held in table.items()
    ]


def totals_of(rows: TotalRows) -> dict[Key, Total]:
    """The totals in rows of `rows_of`."""
    return {
        (service, endpoint): Total(
            units_of(requests), units_of(errors), timed=timed, milliseconds=units_of(milliseconds)
        )
        for service, endpoint, requests, errors, timed, milliseconds in rows
    }


def units_of(written: Figure) -> int:
    """A stored sum in units of 2**-80."""
    return int(written) if isinstance(written, str) else in_units(written)
