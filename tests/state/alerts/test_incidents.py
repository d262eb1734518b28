"""Incidents: which alerts they hold, how they begin and end, and that they follow from the log alone."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.alerting import AlertChange, NewAlertStates
from analytics.incidents import Incident, NewIncidentAction
from analytics.kinds import kind_of
from analytics.points import Labels
from analytics.resources import NewChange
from analytics.state.alerts import incidents as module
from analytics.state.alerts.incidents import REOPEN_SECONDS
from tests.alerts.incidents.changes import GROUP, end, fire, key, labels
from tests.state.rig import DAY, NOON, Rig


def only(rig: Rig) -> Incident:
    (found,) = rig.state.incidents
    return found


def steps(incident: Incident) -> list[tuple[float, str]]:
    return [(entry.at - NOON, entry.step) for entry in incident.timeline]


def test_alerts_of_one_name_and_service_are_one_incident() -> None:
    rig = Rig()
    fire(rig, service="shop", instance="a")
    rig.clock.advance(5)
    fire(rig, service="shop", instance="b")
    fire(rig, service="cart")
    fire(rig, "Down", service="shop")
    rig.clock.advance(5)
    end(rig, service="shop", instance="a")
    first, *others = rig.state.incidents
    assert [each.group for each in others] == [labels(service="cart"), labels("Down", service="shop")]
    assert (first.group, first.started, first.resolved, first.firing) == (labels(service="shop"), NOON, None, 1)
    rig.clock.advance(5)
    end(rig, service="shop", instance="b")
    assert (first.resolved, first.firing) == (NOON + 15, 0)
    assert steps(first) == [(0, "fired"), (5, "fired"), (10, "recovered"), (15, "recovered"), (15, "resolved")]
    assert rig.state.incidents.of_alert(key(service="shop", instance="b")) is first


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        (["service"], [(("service", "shop"),)]),
        ([], [()]),
        (["..."], [labels(service="shop", instance="a"), labels(service="shop", instance="b")]),
    ],
)
def test_the_route_at_the_top_says_which_alerts_belong_together(group_by: list[str], groups: list[Labels]) -> None:
    rig = Rig()
    rig.recorder.change(NewChange("routes", "routes", {"group_by": group_by}))
    for instance in "ab":
        fire(rig, service="shop", instance=instance)
    assert [each.group for each in rig.state.incidents] == groups


@pytest.mark.parametrize("names", [("Down", "Slow"), ("Slow", "Down")])
def test_alerts_that_depend_on_each_other_are_one_incident(names: tuple[str, str]) -> None:
    rig = Rig()
    rules = [{"alert": "Down", "expr": "x"}, {"alert": "Slow", "expr": "y", "depends_on": ["Down"]}]
    rig.recorder.change(NewChange("rules", "shop", {"rules": rules}))
    for name in names:
        fire(rig, name, service="shop", severity=name)
    fire(rig, "Slow", service="cart")
    fire(rig, "Other", service="shop")
    assert [len(each.members) for each in rig.state.incidents] == [2, 1, 1]
    for name in names:
        end(rig, name, service="shop", severity=name)
    assert [each.resolved for each in rig.state.incidents] == [NOON, None, None]


def test_an_alert_that_only_was_pending_makes_no_incident() -> None:
    rig = Rig()
    for state in ("pending", "normal", "no_data"):
        change = AlertChange("Slow", labels(), state)  # type: ignore[arg-type]
        rig.recorder.change_alerts(NewAlertStates(GROUP, NOON, [change]))
    assert list(rig.state.incidents) == []


@pytest.mark.parametrize(("pause", "count"), [(REOPEN_SECONDS, 1), (REOPEN_SECONDS + 1, 2)])
def test_an_incident_goes_on_if_its_alert_fires_again_soon(pause: int, count: int) -> None:
    rig = Rig()
    fire(rig)
    rig.clock.advance(10)
    end(rig)
    rig.recorder.act(NewIncidentAction(only(rig).id, "acknowledged", "ann"))
    rig.clock.advance(pause)
    fire(rig, value=3.0)
    found = list(rig.state.incidents)
    assert len(found) == count
    newest = rig.state.incidents.of_alert(key())
    assert newest is found[-1]
    assert newest.resolved is None
    if count == 1:
        assert [step for _, step in steps(newest)][-2:] == ["reopened", "fired"]
        assert (newest.members[key()].runs, newest.members[key()].value, newest.acknowledged_by) == (2, 3.0, "ann")
    else:
        assert found[0].id != newest.id
        assert newest.acknowledged is None


def test_people_act_on_incidents() -> None:
    rig = Rig()
    fire(rig)
    id_ = only(rig).id
    for second, action in enumerate(("acknowledged", "note", "snoozed", "escalated"), 1):
        rig.clock.advance(1)
        until = NOON + 100 if action == "snoozed" else None
        acted = rig.recorder.act(NewIncidentAction(id_, action, "ann", f"text {second}", until))  # type: ignore[arg-type]
        assert acted is not None
        entry = acted.timeline[-1]
        assert (entry.at, entry.step, entry.who, entry.text, entry.until) == (
            NOON + second,
            action,
            "ann",
            f"text {second}",
            until,
        )
    found = only(rig)
    assert (found.acknowledged, found.acknowledged_by) == (NOON + 1, "ann")
    assert [found.is_snoozed(NOON + at) for at in (2, 3, 99, 100)] == [False, True, True, False]
    assert found.escalated == [("text 4", NOON + 4)]
    assert rig.recorder.act(NewIncidentAction("other", "note", "ann", "text")) is None


def test_messages_are_in_the_timeline_once_an_incident() -> None:
    rig = Rig()
    fire(rig, instance="a")
    fire(rig, instance="b")
    rig.state.incidents.notified([key(instance="a"), key(instance="b"), key("Gone")], "team", NOON + 1)
    rig.state.incidents.notified([key(instance="a")], "team", NOON + 2, is_sent=False)
    assert steps(only(rig)) == [(0, "fired"), (0, "fired"), (1, "notified"), (2, "not_notified")]


def test_incidents_expire_with_the_days_unless_they_are_open() -> None:
    rig = Rig(daily_days=2)
    fire(rig, "Open")
    fire(rig)
    end(rig)
    rig.clock.advance(DAY)
    rig.recorder.advance()
    assert len(rig.state.incidents) == 2
    rig.clock.advance(DAY)
    rig.recorder.advance()
    assert only(rig).group == labels("Open")
    assert rig.state.incidents.of_alert(key()) is None


def test_too_many_incidents_drop_the_oldest_that_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_INCIDENTS", 2)
    rig = Rig()
    for name in ("A", "B", "C"):
        fire(rig, name)
        if name == "B":
            end(rig, name)
    assert [each.group for each in rig.state.incidents] == [labels("A"), labels("C")]
    fire(rig, "D")
    assert [each.group for each in rig.state.incidents] == [labels("C"), labels("D")]
    end(rig, "A")
    assert rig.stats()["drops"]["incident_evicted"] == 2


def test_long_timelines_keep_their_first_and_newest_entries() -> None:
    rig = Rig()
    fire(rig)
    for number in range(module.MOST_ENTRIES + 10):
        rig.recorder.act(NewIncidentAction(only(rig).id, "note", "ann", str(number)))
    found = only(rig)
    assert (len(found.timeline), found.dropped_entries) == (module.MOST_ENTRIES, 11)
    assert (found.timeline[0].step, found.timeline[-1].text) == ("fired", str(module.MOST_ENTRIES + 9))


def test_ended_alerts_of_a_long_incident_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENDED", 4)
    rig = Rig()
    fire(rig, instance="stays")
    for number in range(7):
        fire(rig, instance=str(number))
        end(rig, instance=str(number))
    found = only(rig)
    assert [dict(each.labels)["instance"] for each in found.members] == ["stays", *"456"]
    assert (found.dropped_members, found.firing) == (4, 1)


NAMES = st.sampled_from("AB")
CHANGES = st.tuples(st.sampled_from(("fire", "end")), NAMES, st.sampled_from("xy"))
ACTIONS = st.tuples(
    st.just("act"), st.sampled_from(("acknowledged", "note", "snoozed", "escalated")), st.integers(0, 5)
)
STEPS = st.lists(st.tuples(st.sampled_from((0, 1, 600, 900, 901, DAY)), CHANGES | ACTIONS), max_size=40)


def play(rig: Rig, acts: Sequence[Any]) -> None:
    """Do what the steps say; each tells how many seconds to wait before."""
    for wait, (what, name, detail) in acts:
        rig.clock.advance(wait)
        if what == "fire":
            fire(rig, name, service=detail)
        elif what == "end":
            end(rig, name, service=detail)
        else:
            ids = [each.id for each in rig.state.incidents]
            if detail < len(ids):
                rig.recorder.act(NewIncidentAction(ids[detail], name, "ann", until=rig.clock.wall() + 60))


@given(STEPS, st.integers(0, 40))
@settings(deadline=None)
def test_incidents_follow_from_the_log_alone(acts: Sequence[Any], cut: int) -> None:
    """Replaying the records gives the same incidents, with a checkpoint anywhere between them."""
    rig, entries = Rig(daily_days=3), list[Any]()
    record = rig.recorder._record_own

    def noted(own: Any) -> Any:
        entries.append((kind_of(own).name, rig.clock.wall(), own))
        return record(own)

    rig.recorder._record_own = noted  # type: ignore[method-assign]
    play(rig, acts)
    copy = Rig(daily_days=3)
    for number, (kind, at, own) in enumerate(entries):
        if number == cut:
            for part in ("incidents", "alerts"):
                getattr(copy.state, part).restore(getattr(copy.state, part).dump())
        copy.recorder.replay(kind, at, "", [own])
    assert list(copy.state.incidents) == list(rig.state.incidents)
    for name in "AB":
        for service in "xy":
            one, other = (each.state.incidents.of_alert(key(name, service=service)) for each in (rig, copy))
            assert one == other


@given(STEPS)
@settings(deadline=None)
def test_incidents_are_the_spans_in_which_alerts_of_a_group_fire(acts: Sequence[Any]) -> None:
    """Against an obvious model: per group, the spans of firing, joined across gaps of up to 15 minutes."""
    rig, spans = Rig(), defaultdict[Labels, list[list[float]]](list)
    now, firing = NOON, set[Labels]()
    for wait, (what, name, service) in acts:
        now += wait
        group = labels(name, service=str(service))
        if what == "fire" and group not in firing:
            firing.add(group)
            spans[group].append([now, -1])
        elif what == "end" and group in firing:
            firing.remove(group)
            spans[group][-1][1] = now
    expected = []
    for group, found in spans.items():
        joined: list[list[float]] = []
        for span in found:
            if joined and span[0] - joined[-1][1] <= REOPEN_SECONDS:
                joined[-1][1] = span[1]
            else:
                joined.append(list(span))
        expected += [(group, start, None if last == -1 else last) for start, last in joined]
    play(rig, acts)
    assert sorted((each.group, each.started, each.resolved) for each in rig.state.incidents) == sorted(expected)
