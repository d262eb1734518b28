"""Cells: the aggregate of one series in one time bucket.

Sums are exact, so merging cells in any order and grouping gives the same cell to the last digit.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import msgspec

from analytics.state.distinct import Distinct
from analytics.state.exact import divided, exact_sum
from analytics.state.quantiles import Quantiles

GREATEST_INT = 2**63 - 1


class Cell:
    """Count, sum, minimum, maximum and latest value, and a quantile sketch for series that have percentiles.

    `last` is the value with the greatest `last_at` (seconds since the epoch); among equal times, the greatest value.
    The sum is the integer `total` divided by 2**`shift`.
    """

    __slots__ = ("count", "last", "last_at", "max", "min", "quantiles", "shift", "total")

    def __init__(
        self,
        count: int,
        total: int,
        shift: int,
        low: float,
        high: float,
        last: float,
        last_at: float,
        quantiles: Quantiles | None = None,
    ) -> None:
        self.count = count
        self.total = total
        self.shift = shift
        self.min = low
        self.max = high
        self.last = last
        self.last_at = last_at
        self.quantiles = quantiles

    @classmethod
    def tally(cls, count: int, at: float) -> Self:
        """A cell of `count` observations of 1 each."""
        return cls(count, count, 0, 1, 1, 1, at)

    @classmethod
    def of(
        cls, values: Sequence[float], at: float, total: tuple[int, int] | None = None, *, sketched: bool = False
    ) -> Self:
        """A cell of at least one value, the last observed at `at`; `total` is their exact sum and shift, if known."""
        quantiles = None
        if sketched:
            quantiles = Quantiles()
            quantiles.add(values)
        whole, shift = total or exact_sum(values)
        return cls(len(values), whole, shift, min(values), max(values), values[-1], at, quantiles)

    def merge(self, other: "Cell") -> None:
        """Add another cell, which stays unchanged."""
        self.count += other.count
        if other.shift > self.shift:
            self.total <<= other.shift - self.shift
            self.shift = other.shift
        self.total += other.total << (self.shift - other.shift)
        if other.min < self.min:
            self.min = other.min
        if other.max > self.max:
            self.max = other.max
        if other.last_at >= self.last_at and (other.last_at > self.last_at or other.last > self.last):
            self.last = other.last
            self.last_at = other.last_at
        if other.quantiles is not None:
            if self.quantiles is None:
                self.quantiles = Quantiles()
            self.quantiles.merge(other.quantiles)

    def copy(self) -> "Cell":
        """An independent copy."""
        fresh = Cell(self.count, self.total, self.shift, self.min, self.max, self.last, self.last_at)
        if self.quantiles is not None:
            fresh.quantiles = Quantiles()
            fresh.quantiles.merge(self.quantiles)
        return fresh

    def compact(self) -> None:
        """Pack the sketch to save memory."""
        if self.quantiles is not None:
            self.quantiles.compact()

    @property
    def sum(self) -> float:
        """Sum of all values; an int if all values are."""
        if not self.shift and self.min.__class__ is int and self.max.__class__ is int:
            return self.total
        return divided(self.total, 1 << self.shift)

    @property
    def mean(self) -> float:
        """Average value."""
        return divided(self.total, self.count << self.shift)

    def percentiles(self, *shares: float) -> list[float | None]:
        """Quantiles at ascending `shares` (0-1), within minimum and maximum; each None without a sketch."""
        if self.quantiles is None:
            return [None] * len(shares)
        found = self.quantiles.at(*shares)
        return [None if value is None else min(max(value, self.min), self.max) for value in found]

    def pack(self) -> bytes:
        """MessagePack: the numbers, then the packed sketch or nil."""
        sketch = None if self.quantiles is None else self.quantiles.pack()
        figures = [_packable(value) for value in (self.total, self.min, self.max, self.last)]
        return msgspec.msgpack.encode((min(self.count, GREATEST_INT), *figures, self.last_at, sketch, self.shift))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """The cell that `pack` wrote.

        Raises:
            msgspec.DecodeError: `packed` is not a packed cell.
        """
        written = _decode(packed)
        total, low, high, last = (int(figure) if isinstance(figure, str) else figure for figure in written[1:5])
        quantiles = None if written.sketch is None else Quantiles.unpack(written.sketch)
        shift = written.shift
        if shift is None:
            total, shift = exact_sum((total,))
        return cls(written.number, int(total), shift, low, high, last, written.last_at, quantiles)


_Figure = int | float | str


class _Written(NamedTuple):
    """A packed cell. Version 0.1.0 wrote no `shift`, and its sum may be a float."""

    number: int
    total: _Figure
    low: _Figure
    high: _Figure
    last: _Figure
    last_at: float
    sketch: bytes | None
    shift: int | None = None


_decode = msgspec.msgpack.Decoder(_Written).decode


def _packable(value: float) -> float | str:
    """The value, or its digits if it is an integer of more than 64 bits, which MessagePack cannot hold."""
    return str(value) if value.__class__ is int and not -GREATEST_INT <= value <= GREATEST_INT else value


class UserCell:
    """Distinct users of one service, or of all, in one time bucket."""

    __slots__ = ("users",)

    def __init__(self, users: Distinct | None = None) -> None:
        self.users = users or Distinct()

    @classmethod
    def of(cls, users: set[str]) -> Self:
        cell = cls()
        cell.users.add(users)
        return cell

    def merge(self, other: "UserCell") -> None:
        self.users.merge(other.users)

    def pack(self) -> bytes:
        """The packed sketch."""
        return self.users.pack()

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """The cell that `pack` wrote."""
        return cls(Distinct.unpack(packed))

    def copy(self) -> "UserCell":
        fresh = UserCell()
        fresh.merge(self)
        return fresh

    def compact(self) -> None:
        self.users.compact()
