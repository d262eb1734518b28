"""What became of every line or row that was sent, and how that is told at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analytics.feed.receipt import Receipt

#: How many rejected lines are named unless all are asked for.
SHOWN = 20
_COUNTS = ("lines", "accepted", "duplicates", "damaged", "refused")


class Rejection(NamedTuple):
    """One line that was not recorded: `damaged_line`, or the code of the service's refusal."""

    line: int
    code: str
    message: str


class Tally:
    """Adds up receipts and damaged lines; names at most `keep` rejected lines, all of them when None.

    `read` and `sent` are what the receipt calls what was read and what was made of it.
    """

    def __init__(self, keep: int | None = SHOWN, *, read: str = "lines", sent: str = "events") -> None:
        self._read, self._sent, self._earlier = read, sent, 0
        self.lines = self.accepted = self.duplicates = self.damaged = self.refused = 0
        self.bots = 0
        """Lines that were skipped, as those of bots."""
        self.refusals: Counter[str] = Counter()
        self.rejections: list[Rejection] = []
        self._keep = keep

    @property
    def rejected(self) -> int:
        return self.damaged + self.refused

    @property
    def unconfirmed(self) -> int:
        """Lines read that the service has not answered for."""
        return self.lines - self.damaged - self.bots - self.answered

    @property
    def answered(self) -> int:
        """Lines that the service has answered for, either way."""
        return self.accepted + self.duplicates + self.refused

    def damaged_line(self, number: int, reason: str) -> None:
        self.damaged += 1
        self._name(Rejection(number, "damaged_line", reason))

    def sent(self, numbers: Sequence[int], receipt: Receipt) -> None:
        """Take in the receipt of a batch whose items came from these lines."""
        self.accepted += receipt.accepted
        self.duplicates += receipt.duplicates
        self.refused += receipt.rejected
        for error in receipt.errors:
            self.refusals[error.code] += 1
            if 0 <= error.index < len(numbers):
                self._name(Rejection(numbers[error.index], error.code, error.message))

    def _name(self, rejection: Rejection) -> None:
        if self._keep is None or len(self.rejections) < self._keep:
            self.rejections.append(rejection)

    def noted(self) -> dict[str, Any]:
        """What `go_on` needs to know, as JSON."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {**counts, "refusals": self.refusals, "rejections": self.rejections[:SHOWN]}

    def go_on(self, noted: Mapping[str, Any]) -> bool:
        """Begin where an earlier run stopped; False, and nothing else, where what it noted makes no sense."""
        try:
            counts = {name: int(noted[name]) for name in _COUNTS}
            refusals = {str(code): int(count) for code, count in noted["refusals"].items()}
            rejections = [Rejection(int(line), str(code), str(message)) for line, code, message in noted["rejections"]]
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        vars(self).update(counts, refusals=Counter(refusals), rejections=rejections)
        self._earlier = self.accepted + self.duplicates
        return True

    def to_json(self, seconds: float, shift: int | None = None) -> dict[str, Any]:
        """All that is counted; `shift` are the seconds by which times were moved, None where they never are."""
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
        """The same for people."""
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
            rows.append(f"unconfirmed  {self.unconfirmed:>12,}   (read, but the service did not answer for them)")
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
            hints.append(f"… and {itemised - len(self.rejections):,} more {self._read}; --all-errors names every one")
        if self.rejected > itemised:
            hints.append(
                f"… and {self.rejected - itemised:,} {self._read} that the service refused without naming them: "
                "it names the first 100 of a batch, so --batch 100 shows all"
            )
        return hints

    def _rate(self, seconds: float) -> int:
        return round((self.accepted + self.duplicates - self._earlier) / seconds) if seconds > 0 else 0
