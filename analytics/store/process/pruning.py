"""Which files a question need not read, or not their times."""

from analytics.clock import DAY_SECONDS
from analytics.store.files.letters import may_have_field
from analytics.store.files.manifest import DataFile
from analytics.store.source import EventSpan

CLOCK_SECONDS = 1e-3
"""Times in the manifest are less exact than those of events: an event may be so much before or after them."""


def overlaps(file: DataFile, span: EventSpan) -> bool:
    """Whether a file may have events of a span."""
    return not (
        (span.since is not None and file.until < span.since)
        or (span.until is not None and file.since >= span.until)
        or (span.after is not None and file.last_seq <= span.after)
        or (span.before is not None and file.first_seq >= span.before)
        or (span.services is not None and file.services is not None and file.services.isdisjoint(span.services))
        or (span.types is not None and file.types is not None and file.types.isdisjoint(span.types))
        or not all(may_have_field(file.letters, path, text) for path, text in span.contained)
    )


def is_within(file: DataFile, span: EventSpan) -> bool:
    """Whether all events of a file are surely in the time of a span."""
    since, until = max(file.since - CLOCK_SECONDS, file.day * DAY_SECONDS), file.until + CLOCK_SECONDS
    return (span.since is None or span.since <= since) and (
        span.until is None or min(until, (file.day + 1) * DAY_SECONDS) <= span.until
    )
