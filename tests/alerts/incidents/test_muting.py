"""Which alerts send no notifications, and until when."""

import math

import pytest

from analytics.alerting import Alert
from analytics.alerts.incidents.muting import is_withheld, muted
from analytics.catalog.collections import SILENCES
from analytics.incidents import NewIncidentAction
from analytics.resources import NewChange
from analytics.state.alerts.alerts import ENDED_SECONDS
from tests.alerts.incidents.changes import end, fire, key, silence
from tests.state.rig import DAY, HOUR, NOON, Rig

SHOP = {"name": "service", "value": "shop"}


def alert(rig: Rig, **labels: str) -> Alert:
    found = rig.state.alerts.get(key(**labels))
    assert found is not None
    return found


def is_muted(rig: Rig, at: float, **labels: str) -> bool:
    return muted(rig.state, alert(rig, **labels), NOON + at) is not None


@pytest.mark.parametrize(
    ("matcher", "labels", "matches"),
    [
        (SHOP, {"service": "shop"}, True),
        (SHOP, {"service": "shop2"}, False),
        (SHOP, {}, False),
        ({**SHOP, "isEqual": False}, {"service": "cart"}, True),
        ({**SHOP, "isEqual": False}, {}, True),
        ({**SHOP, "isEqual": False}, {"service": "shop"}, False),
        ({**SHOP, "value": "sh.p|cart", "isRegex": True}, {"service": "cart"}, True),
        ({**SHOP, "value": "sh", "isRegex": True}, {"service": "shop"}, False),
        ({**SHOP, "value": "sh.*", "isRegex": True, "isEqual": False}, {"service": "cart"}, True),
        ({**SHOP, "value": ""}, {}, True),
    ],
)
def test_a_silence_is_for_alerts_whose_labels_match(
    matcher: dict[str, object], labels: dict[str, str], *, matches: bool
) -> None:
    rig = Rig()
    fire(rig, **labels)
    silence(rig, matchers=[matcher, {"name": "alertname", "value": "Slow"}])
    assert is_muted(rig, 0, **labels) == matches
    silence(rig, matchers=[matcher, {"name": "alertname", "value": "Fast"}])
    assert not is_muted(rig, 0, **labels), "every matcher has to match"


def test_a_silence_holds_from_its_start_to_before_its_end() -> None:
    rig = Rig()
    fire(rig, service="shop")
    silence(rig, start=10, last=50, comment="Deploy")
    assert [is_muted(rig, at, service="shop") for at in (9.9, 10, 59.9, 60)] == [False, True, True, False]
    found = muted(rig.state, alert(rig, service="shop"), NOON + 20)
    assert found == ("silence quiet (Deploy)", NOON + 60, "quiet")


def test_of_several_silences_the_longest_is_named() -> None:
    rig = Rig()
    fire(rig, service="shop")
    for name, last in (("a", 60), ("b", 90), ("c", 30)):
        silence(rig, name, last=last)
    found = muted(rig.state, alert(rig, service="shop"), NOON)
    assert found is not None
    assert found.silence == "b"


def test_a_silence_recurs_without_an_end_until_it_is_deleted() -> None:
    rig = Rig(daily_days=2)
    fire(rig, service="shop")
    silence(rig, last=None, recurring=[{"start": "22:00", "end": "06:00", "time_zone": "Europe/Berlin"}])
    nine, five = 9 * HOUR, 17 * HOUR  # at 22:00 and at 06:00 in Berlin
    assert [is_muted(rig, at, service="shop") for at in (nine - 1, nine, five - 1, five)] == [False, True, True, False]
    rig.clock.advance(30 * DAY)
    rig.recorder.advance()
    assert is_muted(rig, 30 * DAY + nine, service="shop"), "it does not expire with the days"
    rig.recorder.change(NewChange(SILENCES.name, "quiet"))
    assert not is_muted(rig, 30 * DAY + nine, service="shop")


def test_a_snoozed_incident_is_quiet_until_then() -> None:
    rig = Rig()
    fire(rig, service="shop")
    incident = rig.state.incidents.of_alert(key(service="shop"))
    assert incident is not None
    rig.recorder.act(NewIncidentAction(incident.id, "snoozed", "ann", until=NOON + 100))
    fire(rig, service="shop", instance="later")
    assert [is_muted(rig, at, service="shop") for at in (-1, 0, 99, 100)] == [False, True, True, False]
    assert is_muted(rig, 50, service="shop", instance="later")


@pytest.mark.parametrize(
    ("fired", "ended", "is_kept_back"), [(0, 20, True), (0, 5, False), (15, 90, True), (70, 90, False)]
)
def test_an_alert_is_withheld_if_it_fired_or_ended_while_muted(fired: int, ended: int, *, is_kept_back: bool) -> None:
    rig = Rig()
    silence(rig, start=10, last=50)
    rig.clock.advance(fired)
    fire(rig, service="shop")
    assert not is_withheld(rig.state, alert(rig, service="shop")), "it still fires"
    rig.clock.advance(ended - fired)
    end(rig, service="shop")
    assert is_withheld(rig.state, alert(rig, service="shop")) == is_kept_back


def forgotten_after(rig: Rig, most: float, step: float) -> float:
    """Let time pass, with a record each `step` seconds; returns after how many seconds the alert was forgotten."""
    while rig.clock.wall() < NOON + most:
        rig.clock.advance(step)
        end(rig, "Other")
        if rig.state.alerts.get(key(service="shop")) is None:
            return rig.clock.wall() - NOON
    return math.inf


@pytest.mark.parametrize(
    ("last", "body", "step", "forgotten"),
    [
        (60, {"matchers": [{"name": "service", "value": "cart"}]}, 60, ENDED_SECONDS + 60),
        (2 * HOUR, {}, 60, 2 * HOUR + ENDED_SECONDS + 60),
        (10 * DAY, {"recurring": [{"weekdays": ["monday"]}]}, HOUR, 8 * DAY + HOUR),
    ],
)
def test_an_alert_that_ended_is_kept_until_people_could_be_told(
    last: float, body: dict[str, object], step: float, forgotten: float
) -> None:
    rig = Rig()
    silence(rig, last=last, **body)
    fire(rig, service="shop")
    end(rig, service="shop")
    assert forgotten_after(rig, 9 * DAY, step) == forgotten
