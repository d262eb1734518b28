"""Counts by service and type in whole hours, which are known without reading events, as far as a question allows."""

from collections.abc import Mapping

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.testing import name_test
from analytics.filters.tree import EVERYTHING, Either, Every, Node, OfName, Without
from analytics.store.explore.few import FEW_VALUES
from analytics.store.explore.questions import FiguresQuestion
from analytics.store.files.hour_counts import HOUR_MICROSECONDS
from analytics.store.source import EventSource, KnownCounts


def known_counts(question: FiguresQuestion, source: EventSource) -> KnownCounts:
    """The counts that match the filter of a question about counts, and the source of the other events.

    There are none where the filter, the groups or the periods need more than services, types and hours. Raises
    ValidationFailed for a wrong filter.
    """
    wanted = parse(question.q, EVENT_FIELDS)
    if question.interval == "minute" or not FEW_VALUES.issuperset(question.by) or not _is_of_names(wanted):
        return KnownCounts((), source)
    since, until = (round(at.timestamp() * 1e6) for at in (question.since, question.until))
    known = source.known_counts(-(-since // HOUR_MICROSECONDS), until // HOUR_MICROSECONDS)
    if wanted == EVERYTHING:
        return known
    pairs = {each[:2] for each in known.counts}
    found = {pair for pair in pairs if _matches(wanted, dict(zip(("service", "type"), pair, strict=True)))}
    return known._replace(counts=[each for each in known.counts if each[:2] in found])


def _is_of_names(node: Node) -> bool:
    """Whether a filter needs nothing but services and types."""
    match node:
        case Every(parts=parts) | Either(parts=parts):
            return all(map(_is_of_names, parts))
        case Without(part=part):
            return _is_of_names(part)
        case OfName(name=name):
            return name in FEW_VALUES
        case _:
            return False


def _matches(node: Node, names: Mapping[str, str]) -> bool:
    """Whether events with a service and a type match such a filter."""
    match node:
        case Every(parts=parts):
            return all(_matches(part, names) for part in parts)
        case Either(parts=parts):
            return any(_matches(part, names) for part in parts)
        case Without(part=part):
            return not _matches(part, names)
        case OfName(name=name, test=test):
            return name_test(test)(names[name])
    raise AssertionError(node)
