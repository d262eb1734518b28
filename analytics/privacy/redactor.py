"""The redactor: it applies the redaction rules of the catalog to records, before they are recorded."""

from collections import Counter
from collections.abc import Callable, Sequence, Set

import msgspec
from msgspec import structs

from analytics.catalog.collections import REDACTIONS
from analytics.catalog.defaults import SECRET_FIELDS
from analytics.log_lines import NewLogLine
from analytics.points import NAME_LABEL, NewPoint, labels_of
from analytics.privacy.hashing import Hasher
from analytics.privacy.record_redactor import RecordRedaction
from analytics.privacy.rules import Counts, Place, RedactionRules, Rule, Work
from analytics.records import NewEvent, NewHeartbeat, NewMetric
from analytics.schemas.redaction import HASH
from analytics.spans import NOTHING, NewSpan
from analytics.state.catalog import Catalog

BETWEEN_PAUSES = 16
"""Log lines or spans that are redacted between two pauses."""


class Redactor:
    """Redacts records by the rules that are in `catalog` now.

    Args:
        hasher: hashes with the key of this service.
        count: called with how much was redacted.
        pause: called after each record that may take long, to yield to others if that is due.
    """

    def __init__(
        self,
        catalog: Catalog,
        hasher: Hasher,
        count: Callable[[Counts], None],
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog, self._hasher, self._count, self._pause = catalog, hasher, count, pause
        self._made_of: tuple[int, bool] | None = None
        self._revision = -1
        self._made = RedactionRules(())

    def events(self, events: Sequence[NewEvent], body: bytes, is_import: Callable[[], bool]) -> None:
        """Redact events in place.

        Args:
            body: the JSON that they were decoded from.
            is_import: whether the sender may send hashes of an export, which are kept; those of others are hashed.
        """
        rules = self._made if self._catalog.revision == self._revision else self._rules()
        if not rules.has_each_event:
            if len(events) > 1:  # their data is half of the body, and quicker to search
                body = b"\0".join([event.data for event in events])
            if not rules.data.names.may_be_in(body):
                return
        work = self._work(is_import)
        for event in events:
            if rules.user_id is not None and event.user_id:
                redacted = work.hash_(event.user_id) if rules.user_id.user_id == HASH else None
                if redacted != event.user_id:
                    event.user_id = redacted
                    work.counts[rules.user_id.name] += 1
            json = bytes(event.data)
            if rules.data.may_match(json):
                event.data = msgspec.Raw(rules.data.object(json, work))
            self._pause()
        self._finish(work)

    def metrics(self, metrics: Sequence[NewMetric], body: bytes, is_import: Callable[[], bool]) -> None:
        """Redact the tags of metrics in place; the arguments are those of `events`."""
        tags = self._rules().tags
        if not tags.has_patterns and not tags.names.may_be_in(body):
            return
        work = self._work(is_import)
        for metric in metrics:
            if metric.tags:
                metric.tags = tags.tags(metric.tags, work)
                self._pause()
        self._finish(work)

    def points(self, points: Sequence[NewPoint], is_import: Callable[[], bool]) -> None:
        """Redact the values of labels of points, and of their exemplars, in place; `is_import` is that of `events`.

        A rule treats a label as the tag of that name. Where series with totals become one by this, their totals are
        still told apart, by a hash of their labels as `source`.
        """
        tags = self._rules().tags
        if tags.is_empty:
            return
        work = self._work(is_import)
        for point in points:
            if point.exemplars:
                point.exemplars = tuple(
                    structs.replace(each, labels=labels_of(tags.tags(dict(each.labels), work).items()))
                    for each in point.exemplars
                )
            if tags.has_patterns or tags.has_any(point.labels):
                labels = {name: value for name, value in point.labels if name != NAME_LABEL}
                redacted = tags.tags(labels, work)
                if redacted != labels:
                    if point.is_cumulative:
                        point.source = self._hasher(f"{point.source} {point.labels}")
                    point.labels = labels_of([(NAME_LABEL, point.name), *redacted.items()])
                self._pause()
        self._finish(work)

    def lines(self, lines: Sequence[NewLogLine], is_import: Callable[[], bool], names: Set[str] | None = None) -> None:
        """Redact log lines in place; the arguments are those of `spans`."""
        rules = self._rules()
        if not (rules.has_each_event or rules.message.has_patterns):
            bodies = "\0".join([line.body for line in lines]).encode(errors="replace")
            if not rules.data.names.may_be_in(bodies) and not _may_be_named(rules.data, names, lambda: _json_of(lines)):
                return
        work = self._work(is_import)
        redaction = RecordRedaction(rules, work)
        for start in range(0, len(lines), BETWEEN_PAUSES):
            redaction.lines(lines[start : start + BETWEEN_PAUSES])
            self._pause()
        self._finish(work)

    def spans(self, spans: Sequence[NewSpan], is_import: Callable[[], bool], names: Set[str] | None = None) -> None:
        """Redact spans in place.

        Args:
            is_import: that of `events`.
            names: all names of fields in their JSON, and perhaps others; None if unknown, so that they are searched.
        """
        rules = self._rules()
        is_by_name = not (rules.has_each_event or rules.message.has_patterns)
        if is_by_name and not _may_be_named(rules.data, names, lambda: _json_of_spans(spans)):
            return
        work = self._work(is_import)
        redaction = RecordRedaction(rules, work)
        for start in range(0, len(spans), BETWEEN_PAUSES):
            redaction.spans(spans[start : start + BETWEEN_PAUSES])
            self._pause()
        self._finish(work)

    def heartbeat(self, heartbeat: NewHeartbeat) -> NewHeartbeat:
        """The heartbeat with its message redacted."""
        place = self._rules().message
        if place.is_empty or not heartbeat.message:
            return heartbeat
        work = Work(Counter(), self._hasher)
        message = place.text(heartbeat.message, work)
        if not work.counts:
            return heartbeat
        self._finish(work)
        return structs.replace(heartbeat, message=message)

    def user_ids(self, user_id: str) -> list[str]:
        """The ids under which events of this user may have been recorded: the id itself, and its hash."""
        return [user_id, self._hasher(user_id)]

    def _work(self, is_import: Callable[[], bool]) -> Work:
        return Work(Counter(), self._hasher.unless_hashed if is_import() else self._hasher)

    def _finish(self, work: Work) -> None:
        if work.counts:
            self._count(work.counts)

    def _rules(self) -> RedactionRules:
        """The current rules. The default rule applies until it was recorded in the catalog."""
        catalog = self._catalog
        made_of = catalog.revision_of(REDACTIONS.name), catalog.has_had(SECRET_FIELDS)
        if made_of != self._made_of:
            found = {each.name: each.body for each in catalog.all() if each.collection == REDACTIONS.name}
            if not catalog.has_had(SECRET_FIELDS):
                found.setdefault(SECRET_FIELDS.name, SECRET_FIELDS.body)
            self._made = RedactionRules([Rule.of(name, body) for name, body in found.items()])
            self._made_of = made_of
        self._revision = catalog.revision
        return self._made


def _may_be_named(place: Place, names: Set[str] | None, json: Callable[[], bytes]) -> bool:
    """Whether records may have a field to redact, by all names of their fields, or by their JSON."""
    return place.may_redact(names) if names is not None else place.names.may_be_in(json())


def _json_of_spans(spans: Sequence[NewSpan]) -> bytes:
    parts = [_json_of(spans)]
    parts += [span.events for span in spans if span.events is not NOTHING]
    parts += [span.links for span in spans if span.links is not NOTHING]
    return b"\0".join(parts)


def _json_of(records: Sequence[NewLogLine] | Sequence[NewSpan]) -> bytes:
    """The attributes and resources of records."""
    return b"\0".join([each.attributes for each in records] + _distinct([each.resource for each in records]))


def _distinct(resources: list[msgspec.Raw]) -> list[msgspec.Raw]:
    """Resources, each once: the records of a sender share one object."""
    return list(dict(zip(map(id, resources), resources, strict=True)).values())
