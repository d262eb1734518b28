"""The tree of routes: which receivers have to know of an alert, and how its messages are grouped and timed.

It works as in Alertmanager: an alert enters at the top, and goes down into the first child whose matchers it fulfils,
and into the next ones too where that child has `continue`. Where no child takes it, the route itself does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.points import Labels
from analytics.promql.label_conditions import condition_of
from analytics.promql.text import milliseconds

EVERY_LABEL = "..."
DEFAULT_GROUP_BY = ("alertname",)


class Timing(NamedTuple):
    """When messages of a group are sent, in seconds.

    Attributes:
        wait: how long after the first alert of a new group its message is sent, so that it covers more of them.
        interval: the least time between two messages of a group.
        repeat: how often those that fire for long are told again.
        refire: how long an alert must fire until it is told, if it was resolved a short time ago.
    """

    wait: float = 5.0
    interval: float = 10.0
    repeat: float = 4 * 3600.0
    refire: float = 120.0


class EscalationStep(NamedTuple):
    """Receivers that have to know when nobody has acknowledged an incident for `after` seconds."""

    after: float
    receivers: tuple[str, ...]


class RouteTarget(NamedTuple):
    """A receiver of an alert, and the labels that identify the alert's group."""

    receiver: str
    labels: Labels
    timing: Timing


class _Route(NamedTuple):
    """A route with all that it inherits; without `receivers`, every receiver is meant."""

    predicates: Sequence[tuple[str, Callable[[str], bool]]]
    receivers: tuple[str, ...] | None
    group_by: tuple[str, ...]
    timing: Timing
    goes_on: bool
    routes: "Sequence[_Route]"
    escalation: tuple[EscalationStep, ...] = ()

    @property
    def escalates(self) -> bool:
        """Whether it has escalation, or one below it."""
        return bool(self.escalation) or any(route.escalates for route in self.routes)


TOP = _Route((), None, DEFAULT_GROUP_BY, Timing(), False, ())
"""The route of services that have no tree."""


class RouteTree:
    """Finds the targets of alerts.

    Args:
        body: of the resource; None without one.
        receivers: the names of all receivers.

    Raises:
        BadQuery: a regular expression is not valid, which the schema refuses.
    """

    def __init__(self, body: Mapping[str, Any] | None, receivers: Sequence[str]) -> None:
        self._receivers = tuple(sorted(receivers))
        self._top = TOP if body is None else _route(body, TOP)

    @property
    def timing(self) -> Timing:
        """The timing of the top of the tree."""
        return self._top.timing

    @property
    def escalates(self) -> bool:
        """Whether any route has escalation."""
        return self._top.escalates

    def escalation(self, labels: Labels) -> list[EscalationStep]:
        """The steps of escalation of an alert with these labels, by all routes that take it."""
        return [step for route in _taking(self._top, dict(labels)) for step in route.escalation]

    def targets(self, labels: Labels) -> list[RouteTarget]:
        """The targets of an alert with these labels, one for each receiver: that of its first route."""
        values = dict(labels)
        found: dict[str, RouteTarget] = {}
        for route in _taking(self._top, values):
            if EVERY_LABEL in route.group_by:
                group = labels
            else:
                group = tuple((name, values[name]) for name in route.group_by if values.get(name))
            for receiver in self._receivers if route.receivers is None else route.receivers:
                found.setdefault(receiver, RouteTarget(receiver, group, route.timing))
        return [target for target in found.values() if target.receiver in self._receivers]


def _route(body: Mapping[str, Any], parent: _Route) -> _Route:
    timing = Timing(
        *(
            _seconds(given) if (given := body.get(field)) is not None else inherited
            for field, inherited in zip(
                ("group_wait", "group_interval", "repeat_interval", "refire_wait"), parent.timing, strict=True
            )
        )
    )
    receivers, group_by = body.get("receivers"), body.get("group_by")
    matchers = [condition_of(text) for text in body.get("matchers") or ()]
    route = _Route(
        [(matcher.name, matcher.predicate()) for matcher in matchers],
        parent.receivers if receivers is None else tuple(receivers),
        parent.group_by if group_by is None else tuple(sorted(group_by)),
        timing,
        bool(body.get("continue")),
        (),
        parent.escalation if body.get("escalation") is None else tuple(map(_step, body["escalation"])),
    )
    return route._replace(routes=[_route(child, route) for child in body.get("routes") or ()])


def _seconds(duration: str) -> float:
    """The seconds of a duration such as `1h30m` or `0.5s`."""
    number = duration.removesuffix("s")
    return float(number) if number.replace(".", "", 1).isdigit() else milliseconds(duration) / 1000


def _step(given: Mapping[str, Any]) -> EscalationStep:
    return EscalationStep(milliseconds(given["after"]) / 1000, tuple(given["receivers"]))


def _taking(route: _Route, values: Mapping[str, str]) -> Iterator[_Route]:
    """The routes that take an alert, below a route that it has entered."""
    is_taken = False
    for child in route.routes:
        if all(fulfils(values.get(name, "")) for name, fulfils in child.predicates):
            is_taken = True
            yield from _taking(child, values)
            if not child.goes_on:
                break
    if not is_taken:
        yield route
