"""Whether the groups of a question are probably few, before they are known: many should not be grouped twice."""

from analytics.store.explore.questions import FiguresQuestion
from analytics.store.source import EventSource, EventSpan, Extent

MANY_VALUES = frozenset({"id", "user_id"})
FEW_VALUES = frozenset({"type", "service"})
MOST_ROWS = 100_000
"""Events that are soon grouped again if their groups are many; with more, that takes longer than any plan."""


def has_few_groups(question: FiguresQuestion, source: EventSource) -> bool:
    """Whether the groups are probably few: by their fields, or as the time of the question has few events."""
    if not MANY_VALUES.isdisjoint(question.by):
        return False
    if FEW_VALUES.issuperset(question.by):
        return True
    since, until = question.since.timestamp(), question.until.timestamp()
    rows = 0.0
    for extent in source.extents(EventSpan(since, until)):
        rows += extent.rows * _share(extent, since * 1e6, until * 1e6)
    return rows <= MOST_ROWS


def _share(extent: Extent, since: float, until: float) -> float:
    """The share of the time of an extent that is in a span, in microseconds."""
    duration = extent.until - extent.since
    if duration <= 1:
        return 1.0  # the newest events, whose times are not known
    return max(0.0, (min(extent.until, until) - max(extent.since, since)) / duration)
