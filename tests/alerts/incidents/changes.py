"""Changes of alerts, as evaluations of rules record them, for tests."""

from typing import Any

from analytics.alerting import AlertChange, AlertKey, NewAlertStates
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import SILENCES
from analytics.clock import rfc3339
from analytics.points import Labels, labels_of
from analytics.resources import NewChange
from tests.state.rig import Rig

GROUP = "latency"


def labels(name: str = "Slow", **more: str) -> Labels:
    """Labels of an alert."""
    return labels_of({"alertname": name, **more}.items())


def key(name: str = "Slow", **more: str) -> AlertKey:
    """The key of an alert."""
    return AlertKey(GROUP, name, labels(name, **more))


def firing(name: str = "Slow", value: float = 1.0, **more: str) -> AlertChange:
    """A change of an alert that fires from now on."""
    return AlertChange(name, labels(name, **more), "firing", True, value, {"summary": f"{name} fires"})


def fire(rig: Rig, name: str = "Slow", value: float = 1.0, **more: str) -> None:
    """Record that an alert fires now."""
    rig.recorder.change_alerts(NewAlertStates(GROUP, rig.clock.wall(), [firing(name, value, **more)]))


def end(rig: Rig, name: str = "Slow", **more: str) -> None:
    """Record that an alert ends now."""
    change = AlertChange(name, labels(name, **more), "normal")
    rig.recorder.change_alerts(NewAlertStates(GROUP, rig.clock.wall(), [change]))


def silence(rig: Rig, name: str = "quiet", start: float = 0, last: float | None = 60, **body: Any) -> None:
    """Put a silence that lasts from `start` for `last` seconds, both relative to now."""
    now = rig.clock.wall()
    given = {
        "matchers": [{"name": "service", "value": "shop"}],
        "startsAt": rfc3339(now + start),
        "endsAt": None if last is None else rfc3339(now + start + last),
        **body,
    }
    item = item_of(SILENCES, name, given, now, rig.state.catalog.get(SILENCES.name, name))
    rig.recorder.change(NewChange(item.collection, item.name, item.body, item.start, item.end, "ann"))
