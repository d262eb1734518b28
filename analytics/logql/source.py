"""What a query reads: lines, or how many there are, of the streams that a selector finds."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from analytics.logql.budget import LogBudget
from analytics.logql.entry import Labels, LogEntry
from analytics.logql.nodes import LabelMatch, LineFilter


class Wanted(Struct, frozen=True):
    """The lines that a query reads: of these streams and texts, at or after `since` and before `until`.

    `at_first` is how many of them are likely to be enough.
    """

    matchers: tuple[LabelMatch, ...]
    filters: tuple[LineFilter, ...]
    since: int
    until: int
    at_first: int = 1_000


class LogCell(Struct, frozen=True):
    """How many lines, or bytes of lines, some streams have in a part of the time; parts count from 0."""

    labels: Labels
    part: int
    value: float


class LogSource(Protocol):
    """Where lines are."""

    def entries(self, wanted: Wanted, budget: LogBudget, *, is_ascending: bool) -> Iterator[LogEntry]:
        """Lines in the order of time."""

    def cells(
        self, wanted: Wanted, part: int, by: Collection[str] | None, budget: LogBudget, *, counts_bytes: bool
    ) -> Sequence[LogCell]:
        """Counts of lines in parts of the time, `part` nanoseconds each.

        Args:
            by: the labels that tell lines apart; None for all labels of their streams.
        """
