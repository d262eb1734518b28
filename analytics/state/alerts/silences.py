"""Silences of the catalog, prepared to be compared with the labels of alerts."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.alerting import Alert
from analytics.points import Labels
from analytics.resources import Resource
from analytics.state.catalog import Catalog

COLLECTION = "silences"
RECURRING_SECONDS = 8 * 86_400
"""More than a week, in which every silence that recurs has begun and ended."""
MOST_REMEMBERED = 20_000
"""Labels for which it is remembered which silences match them."""


class Condition(NamedTuple):
    """A condition on the value of one label; an alert without the label has the empty value."""

    label: str
    fulfils: Callable[[str], bool]


class Silence(NamedTuple):
    """A silence.

    Attributes:
        id: its name in the catalog.
        start, end: in seconds since the epoch; infinite without an end.
        recurring: the windows of the week in which it holds, as the catalog has them; without any, it always does.
        comment: why.
    """

    id: str
    conditions: tuple[Condition, ...]
    start: float
    end: float
    recurring: Sequence[Mapping[str, Any]]
    comment: str
    created_by: str

    def matches(self, labels: Labels) -> bool:
        """Whether it is for alerts with these labels."""
        values = dict(labels)
        return all(condition.fulfils(values.get(condition.label, "")) for condition in self.conditions)

    def is_for(self, label: str, value: str) -> bool:
        """Whether its conditions on a label hold for this value."""
        return all(condition.fulfils(value) for condition in self.conditions if condition.label == label)

    def withholds_until(self, ended: float) -> float:
        """Until when an alert that it matches and that `ended` then may be withheld; before `ended` if it is not."""
        if not self.start <= ended < self.end:
            return -math.inf
        return min(self.end, ended + RECURRING_SECONDS) if self.recurring else self.end


class Silences:
    """The silences of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._tag = ""
        self._all: list[Silence] = []
        self._matching: dict[Labels, list[Silence]] = {}

    def all(self) -> list[Silence]:
        """Every silence in the order of their starts, those that ended too."""
        tag = self._catalog.tag(COLLECTION)
        if tag != self._tag:
            found = map(silence_of, self._catalog.named(COLLECTION))
            self._tag, self._all = tag, sorted(found, key=lambda each: (each.start, each.id))
            self._matching.clear()
        return self._all

    def matching(self, labels: Labels) -> list[Silence]:
        """Those for alerts with these labels, in the order of their starts."""
        silences = self.all()
        if not silences:
            return silences
        found = self._matching.get(labels)
        if found is None:
            if len(self._matching) >= MOST_REMEMBERED:
                self._matching.clear()
            found = self._matching[labels] = [each for each in silences if each.matches(labels)]
        return found

    def withheld_until(self, alert: Alert) -> float:
        """Until when silences may keep people from learning that an alert ended; in the past if none does."""
        if alert.ended is None:
            return -math.inf
        ended = alert.ended
        return max((each.withholds_until(ended) for each in self.matching(alert.key.labels)), default=-math.inf)


def silence_of(resource: Resource) -> Silence:
    """The silence that a resource describes."""
    body = resource.body
    return Silence(
        resource.name,
        tuple(map(_condition, body["matchers"])),
        resource.updated_at if resource.start is None else resource.start,
        math.inf if resource.end is None else resource.end,
        body.get("recurring", ()),
        body.get("comment", ""),
        body.get("createdBy") or resource.updated_by,
    )


def _condition(given: dict[str, Any]) -> Condition:
    value, is_wanted = given["value"], given["isEqual"]
    if not given["isRegex"]:
        return Condition(given["name"], lambda found: (found == value) is is_wanted)
    from analytics.promql.matchers import compiled

    pattern = compiled(value)
    return Condition(given["name"], lambda found: (pattern.fullmatch(found) is not None) is is_wanted)
