"""The redactor: it applies the redaction rules of the catalog to records, before they are recorded."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from analytics.catalog.collections import REDACTIONS
from analytics.catalog.defaults import SECRETS
from analytics.privacy.rules import Counts, Rule, Rules
from analytics.records import NewEvent, NewHeartbeat, NewMetric
from analytics.schemas.redaction import HASH
from analytics.state.catalog import Catalog

PAUSE_EVERY = 64


class Redactor:
    """Redacts records by the rules that are in `catalog` now.

    Args:
        hash_: hashes a text with the key of this service.
        count: called with how much was redacted.
        pause: called from time to time while many records are redacted, to yield to others.
    """

    def __init__(
        self,
        catalog: Catalog,
        hash_: Callable[[str], str],
        count: Callable[[Counts], None],
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog, self._hash, self._count, self._pause = catalog, hash_, count, pause
        self._made_of: tuple[int, bool] | None = None
        self._revision = -1
        self._made = Rules((), hash_)

    def events(self, events: Sequence[NewEvent], body: bytes) -> None:
        """Redact events in place; `body` is the JSON that they were decoded from."""
        rules = self._made if self._catalog.revision == self._revision else self._rules()
        if rules.has_each_event or rules.data.names.may_be_in(body):
            self._events(rules, events)

    def metrics(self, metrics: Sequence[NewMetric], _: bytes) -> None:
        """Redact the tags of metrics in place."""
        place = self._rules().tags
        if place.is_empty:
            return
        counts: Counts = Counter()
        for metric in metrics:
            if metric.tags:
                metric.tags = place.tags(metric.tags, counts)
        if counts:
            self._count(counts)

    def heartbeat(self, heartbeat: NewHeartbeat) -> NewHeartbeat:
        """The heartbeat with its message redacted."""
        place = self._rules().message
        if place.is_empty or not heartbeat.message:
            return heartbeat
        counts: Counts = Counter()
        message = place.text(heartbeat.message, counts)
        if not counts:
            return heartbeat
        self._count(counts)
        return msgspec.structs.replace(heartbeat, message=message)

    def user_ids(self, user_id: str) -> list[str]:
        """The ids under which events of this user may have been recorded: the id itself, and its hash."""
        return list(dict.fromkeys((user_id, self._hash(user_id))))

    def _events(self, rules: Rules, events: Sequence[NewEvent]) -> None:
        counts: Counts = Counter()
        for number, event in enumerate(events, 1):
            if rules.user_id is not None and event.user_id:
                redacted = self._hash(event.user_id) if rules.user_id.user_id == HASH else None
                if redacted != event.user_id:
                    event.user_id = redacted
                    counts[rules.user_id.name] += 1
            json = bytes(event.data)
            if rules.data.may_match(json):
                event.data = msgspec.Raw(rules.data.object(json, counts))
            if number % PAUSE_EVERY == 0:
                self._pause()
        if counts:
            self._count(counts)

    def _rules(self) -> Rules:
        """The current rules. The default rule applies until it was recorded in the catalog."""
        catalog = self._catalog
        made_of = catalog.revision_of(REDACTIONS.name), catalog.has_had(SECRETS)
        if made_of != self._made_of:
            found = {each.name: each.body for each in catalog.all() if each.collection == REDACTIONS.name}
            if not catalog.has_had(SECRETS):
                found.setdefault(SECRETS.name, SECRETS.body)
            self._made = Rules([Rule.of(name, body) for name, body in found.items()], self._hash)
            self._made_of = made_of
        self._revision = catalog.revision
        return self._made
