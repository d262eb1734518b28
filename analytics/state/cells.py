"""A cell: what one series did in one bucket of time.

Cells merge in any order and grouping to the same count, minimum, maximum, latest value and sketch. Sums of integers are
exact too; sums of floats depend on the order of the additions in their last digits, as floats do. They are
reproducible because the order is that of the records.
"""

from collections.abc import Sequence
from typing import Self

import msgspec

from analytics.state.distinct import Distinct
from analytics.state.quantiles import Quantiles

GREATEST_INT = 2**63 - 1


class Cell:
    """Count, sum, minimum, maximum and the latest value, and a quantile sketch where percentiles are asked of it.

    `last` is the value with the greatest `last_at` (seconds since the epoch), of equals the greatest value.
    """

    __slots__ = ("count", "last", "last_at", "max", "min", "quantiles", "sum")

    def __init__(
        self,
        count: int,
        sum_: float,
        low: float,
        high: float,
        last: float,
        last_at: float,
        quantiles: Quantiles | None = None,
    ) -> None:
        self.count = count
        self.sum = sum_
        self.min = low
        self.max = high
        self.last = last
        self.last_at = last_at
        self.quantiles = quantiles

    @classmethod
    def tally(cls, count: int, at: float) -> Self:
        """`count` observations of 1 each."""
        return cls(count, count, 1, 1, 1, at)

    @classmethod
    def of(cls, values: Sequence[float], at: float, *, sketched: bool = False) -> Self:
        """At least one value, the last of them observed at `at`."""
        quantiles = None
        if sketched:
            quantiles = Quantiles()
            quantiles.add(values)
        return cls(len(values), sum(values), min(values), max(values), values[-1], at, quantiles)

    def merge(self, other: "Cell") -> None:
        """Add what `other` holds; `other` stays as it is."""
        self.count += other.count
        self.sum += other.sum
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
        """A cell of its own with the same content."""
        fresh = Cell(self.count, self.sum, self.min, self.max, self.last, self.last_at)
        if self.quantiles is not None:
            fresh.quantiles = Quantiles()
            fresh.quantiles.merge(self.quantiles)
        return fresh

    def compact(self) -> None:
        """Fold the sketch, to rest."""
        if self.quantiles is not None:
            self.quantiles.compact()

    @property
    def mean(self) -> float:
        """The average value."""
        return self.sum / self.count

    def percentiles(self, *shares: float) -> list[float | None]:
        """Quantiles at ascending `shares`, never outside what was seen; None each without a sketch."""
        if self.quantiles is None:
            return [None] * len(shares)
        found = self.quantiles.at(*shares)
        return [None if value is None else min(max(value, self.min), self.max) for value in found]

    def pack(self) -> bytes:
        """As MessagePack: the plain figures, then the packed sketch or nil."""
        sketch = None if self.quantiles is None else self.quantiles.pack()
        figures = [_packable(value) for value in (self.sum, self.min, self.max, self.last)]
        return msgspec.msgpack.encode((min(self.count, GREATEST_INT), *figures, self.last_at, sketch))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """The cell that `pack` wrote.

        Raises:
            msgspec.DecodeError: `packed` is something else.
        """
        count, *figures, last_at, sketch = _decode(packed)
        quantiles = None if sketch is None else Quantiles.unpack(sketch)
        sum_, low, high, last = (int(figure) if isinstance(figure, str) else figure for figure in figures)
        return cls(count, sum_, low, high, last, last_at, quantiles)


_Figure = int | float | str
_decode = msgspec.msgpack.Decoder(tuple[int, _Figure, _Figure, _Figure, _Figure, float, bytes | None]).decode


def _packable(value: float) -> float | str:
    """`value`, as MessagePack can hold it: integers of more than 64 bits as their digits."""
    return str(value) if value.__class__ is int and not -GREATEST_INT <= value <= GREATEST_INT else value


class UserCell:
    """The distinct users of one service, or of all, in one bucket of time."""

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
        """As the sketch packs itself."""
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
