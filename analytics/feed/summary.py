"""Summary of a replay or import: how many lines or rows were accepted and rejected, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analytics.feed.receipt import Receipt

MAX_LISTED = 20
"""Rejected lines that are listed by default."""
_COUNTS = ("lines", "accepted", "duplicates", "damaged", "refused")


class Rejection(NamedTuple):
    """A line that was not recorded; `code` is `damaged_line`, or the error code of the service."""

    line: int
    code: str
    message: str


class ImportSummary:
    """Adds up receipts and damaged lines, and keeps up to `max_listed` rejections (None: all).

    `read` and `sent` are the words for the input and for the items sent, such as "lines" and "events".
    """

    def __init__(self, max_listed: int | None = MAX_LISTED, *, read: str = "lines", sent: str = "events") -> None:
        self._read, self._sent, self._earlier = read, sent, 0
        self.lines = self.accepted = self.duplicates = self.damaged = self.refused = 0
        self.bots = 0
        """Skipped lines: requests of bots."""
        self.refusals: Counter[str] = Counter()
        self.rejections: list[Rejection] = []
        self._max_listed = max_listed

    @property
    def rejected(self) -> int:
        return self.damaged + self.refused

    @property
    def unconfirmed(self) -> int:
        """Lines that were read, but not answered by the service."""
        return self.lines - self.damaged - self.bots - self.answered

    @property
    def answered(self) -> int:
        """Lines that the service accepted, knew already or refused."""
        return self.accepted + self.duplicates + self.refused

    def add_damaged(self, number: int, reason: str) -> None:
        """Count a line that cannot be read."""
        self.damaged += 1
        self._list(Rejection(number, "damaged_line", reason))

    def add_receipt(self, numbers: Sequence[int], receipt: Receipt) -> None:
        """Count the receipt of a batch whose items came from the lines with these numbers."""
        self.accepted += receipt.accepted
        self.duplicates += receipt.duplicates
        self.refused += receipt.rejected
        for error in receipt.errors:
            self.refusals[error.code] += 1
            if 0 <= error.index < len(numbers):
                is_named = error.code == "validation_failed" and error.field is not None
                problem = f"{error.field}: {error.message}" if is_named else error.message
                self._list(Rejection(numbers[error.index], error.code, problem))

    def _list(self, rejection: Rejection) -> None:
        if self._max_listed is None or len(self.rejections) < self._max_listed:
            self.rejections.append(rejection)

    def saved(self) -> dict[str, Any]:
        """The counts as JSON, for `resume`."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {**counts, "refusals": self.refusals, "rejections": self.rejections[:MAX_LISTED]}

    def resume(self, saved: Mapping[str, Any]) -> bool:
        """Continue from the counts of an interrupted run; returns False and changes nothing if they are not valid."""
        try:
            counts = {name: int(saved[name]) for name in _COUNTS}
            refusals = {str(code): int(count) for code, count in saved["refusals"].items()}
            rejections = [Rejection(int(line), str(code), str(message)) for line, code, message in saved["rejections"]]
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        vars(self).update(counts, refusals=Counter(refusals), rejections=rejections)
        self._earlier = self.accepted + self.duplicates
        return True

    def to_json(self, seconds: float, shift: int | None = None) -> dict[str, Any]:
        """The summary as JSON; `shift` is how many seconds times were moved by, None if they never are."""
        return {
            self._read: self.lines,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "damaged": self.damaged,
            "refused": self.refused,
            "unconfirmed": self.unconfirmed,
            **({"bots": self.bots} if self.bots else {}),
            "errors": [rejection._asdict() for rejection in sorted(self.rejections)],
            **({} if shift is None else {"shift_days": shift // 86_400}),
            "seconds": round(seconds, 3),
            f"{self._sent}_per_second": self._rate(seconds),
        }

    def to_text(self, seconds: float, shift: int | None = None) -> str:
        """The summary for people."""
        rows = [
            f"{f'{self._read} read':<13}{self.lines:>12,}",
            f"accepted     {self.accepted:>12,}",
            f"duplicates   {self.duplicates:>12,}",
            f"rejected     {self.rejected:>12,}"
            + (f"   ({self.damaged:,} damaged, {self.refused:,} refused by the service)" * bool(self.rejected)),
        ]
        if self.bots:
            rows.append(f"bots         {self.bots:>12,}   (skipped)")
        if self.unconfirmed:
            rows.append(f"unconfirmed  {self.unconfirmed:>12,}   (read, but not answered by the service)")
        if shift is not None:
            days = shift // 86_400
            moved = f"moved {abs(days):,} days {'forward' if days > 0 else 'back'}" if days else "as in the log"
            rows.append(f"timestamps   {moved}")
        rows.append(f"took         {seconds:.1f} s, {self._rate(seconds):,} {self._sent}/s")
        if self.refusals:
            rows.append("refused for  " + ", ".join(f"{c} ({n:,})" for c, n in self.refusals.most_common(10)))
        rows += [f"line {line}: {code}: {message}" for line, code, message in sorted(self.rejections)]
        return "\n".join(rows + self._hints())

    def _hints(self) -> list[str]:
        hints = []
        itemised = self.damaged + self.refusals.total()
        if itemised > len(self.rejections):
            hints.append(f"… and {itemised - len(self.rejections):,} more {self._read}; --all-errors lists all")
        if self.rejected > itemised:
            hints.append(
                f"… and {self.rejected - itemised:,} {self._read} that the service refused without an error each: "
                "it reports the first 100 of a batch, so --batch 100 lists all"
            )
        return hints

    def _rate(self, seconds: float) -> int:
        return round((self.accepted + self.duplicates - self._earlier) / seconds) if seconds > 0 else 0
