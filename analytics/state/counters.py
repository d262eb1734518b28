"""Counts since the start: received items by outcome, drops and refused requests by reason, redactions by rule."""

from collections import Counter

from analytics.kinds import KINDS


class Counters:
    """Counts since the process started."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Counter[str]] = {
            kind.name: Counter(accepted=0, duplicates=0, rejected=0) for kind in KINDS.values() if kind.is_received
        }
        self.drops: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.redacted: Counter[str] = Counter()
        """Redacted fields and texts by rule."""

    def forget(self) -> None:
        """Reset all counts."""
        for outcomes in self.outcomes.values():
            for outcome in outcomes:
                outcomes[outcome] = 0
        self.drops.clear()
        self.redacted.clear()

    def taken(self, kind: str, accepted: int, duplicates: int) -> None:
        """Count items of `kind` that were accepted or were duplicates."""
        self.outcomes[kind]["accepted"] += accepted
        self.outcomes[kind]["duplicates"] += duplicates

    def rejected(self, kind: str, reasons: Counter[str]) -> None:
        """Count items of `kind` that were rejected, by reason."""
        self.outcomes[kind]["rejected"] += reasons.total()
        self.drops.update(reasons)

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count something dropped because a limit was reached."""
        self.drops[reason] += count

    def refused(self, reason: str) -> None:
        """Count a request that was refused before its body was read."""
        self.refusals[reason] += 1
