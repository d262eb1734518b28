"""When messages about alerts are due, with a clock that the test moves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alerting import Alert
from analytics.alerts.notify.planning import FLAP_SECONDS, MOST_ALERTS, MOST_GROUPS
from analytics.alerts.notify.routing import RouteTree
from analytics.state.alerts.alerts import ENDED_SECONDS
from tests.alerts.notify.world import START, World, is_labelled


def test_a_group_waits_for_further_alerts_and_is_over_at_once() -> None:
    world = World()
    world.fire(service="shop")
    assert world.run(3) == []
    world.fire(service="cart")
    assert world.run(5) == ["ops +5 changed 2 firing 0 resolved"]
    world.resolve(service="shop")
    assert world.run(20) == ["ops +15 changed 1 firing 1 resolved"]
    world.resolve(service="cart")
    assert world.run(60) == ["ops +28 changed 0 firing 1 resolved"]


def test_what_is_over_before_it_was_told_is_not_told() -> None:
    world = World()
    world.fire()
    world.run(2)
    world.resolve()
    assert world.run(60) == []


def test_new_alerts_of_a_group_wait_for_its_interval() -> None:
    world = World(routes={"group_wait": "0s", "group_interval": "30s"})
    world.fire(service="a")
    assert world.run(10) == ["ops +0 changed 1 firing 0 resolved"]
    for number in range(3):
        world.fire(service=f"b{number}")
        world.run(5)
    world.run(60)
    assert [world.text(*sent) for sent in world.sent][1:] == ["ops +30 changed 4 firing 0 resolved"]


def test_what_fires_for_long_is_told_again_unless_somebody_takes_care_of_it() -> None:
    world = World(routes={"repeat_interval": "1h"})
    world.fire()
    sent = world.run(2 * 3_600 + 60, step=5)
    assert sent[0] == "ops +5 changed 1 firing 0 resolved"
    assert [line.split()[2] for line in sent[1:]] == ["reminder", "reminder"]
    quiet = World(routes={"repeat_interval": "1h"}, is_acknowledged=lambda alert, now: True)
    quiet.fire()
    assert len(quiet.run(2 * 3_600, step=5)) == 1


def test_ten_thousand_alerts_end_in_a_handful_of_messages() -> None:
    world = World()
    world.change_many(10_000, is_firing=True)
    sent = world.run(60, step=10)
    assert sent == ["ops +10 changed 10000 firing 0 resolved"]
    assert len(world.sent[0][1].alerts) == MOST_ALERTS
    world.change_many(10_000, is_firing=False)
    assert world.run(60, step=10) == ["ops +60 changed 0 firing 10000 resolved"]


def test_alerts_of_too_many_groups_are_told_together() -> None:
    world = World(routes={"group_by": ["..."]})
    world.change_many(2_000, is_firing=True)
    sent = world.run(60, step=10)
    assert len(sent) == MOST_GROUPS + 1
    assert f"ops +10 changed {2_000 - MOST_GROUPS} firing 0 resolved" in sent
    world.change_many(2_000, is_firing=False)
    assert len(world.run(60, step=10)) == MOST_GROUPS + 1
    assert not list(world.outbox)


def test_an_alert_that_flaps_each_minute_ends_in_two_messages() -> None:
    world = World()
    for _ in range(60):
        world.fire()
        world.run(30)
        world.resolve()
        world.run(30)
    assert [world.text(*sent) for sent in world.sent] == [
        "ops +5 changed 1 firing 0 resolved",
        "ops +30 changed 0 firing 1 resolved",
    ]


def test_an_alert_that_fires_again_is_told_when_it_lasts() -> None:
    world = World()
    world.fire()
    world.run(30)
    world.resolve()
    world.run(30)
    world.fire()
    assert world.run(300) == ["ops +180 changed 1 firing 0 resolved"]
    world.resolve()
    world.run(FLAP_SECONDS + 1)
    world.fire()
    assert world.run(60) == [f"ops +{360 + FLAP_SECONDS + 6:g} changed 1 firing 0 resolved"], "a new trouble"


def test_what_still_holds_at_the_end_of_a_silence_is_told_and_what_is_over_too() -> None:
    silent = {"until": START + 100}

    def is_muted(alert: Alert, now: float) -> str | None:
        return "a silence" if silent["from"] <= now < silent["until"] else None

    silent["from"] = START
    world = World(is_muted=is_muted)
    world.fire(service="shop")
    assert world.run(90) == []
    assert world.run(20) == ["ops +100 changed 1 firing 0 resolved"]
    silent.update({"from": START + 110, "until": START + 200})
    world.resolve(service="shop")
    assert world.run(80) == []
    assert world.run(20) == ["ops +200 changed 0 firing 1 resolved"]


def test_a_resolution_is_told_even_after_the_alert_was_forgotten() -> None:
    world = World()
    world.fire(service="shop")
    world.run(10)
    world.down.add("ops")
    world.fire(service="cart")
    world.run(10)
    world.resolve(service="shop")
    world.run(ENDED_SECONDS + 60, step=30)
    world.fire(service="other")
    world.resolve(service="other")
    assert not [alert for alert in world.alerts if is_labelled(alert, service="shop")]
    world.down.clear()
    world.look_at = world.now
    assert [line.partition(" changed ")[2] for line in world.run(60)] == [
        "2 firing 0 resolved",
        "1 firing 1 resolved",
    ]
    assert world.beliefs("ops") == world.firing()


def test_a_receiver_that_is_down_holds_up_no_other_and_gets_one_message_later() -> None:
    world = World("chat", "ops")
    world.down.add("chat")
    for number in range(5):
        world.fire(service=f"s{number}")
        world.run(20)
    assert {message.receiver for _, message in world.sent} == {"ops"}
    assert len(world.sent) == 5
    world.look_at = world.now
    world.down.clear()
    sent = world.run(30)
    assert [line.partition(" changed ")[2] for line in sent] == ["1 firing 0 resolved", "5 firing 0 resolved"]


def test_receivers_without_interest_in_resolutions_get_none() -> None:
    world = World(wants_resolved=False)
    world.fire()
    world.run(10)
    world.resolve()
    assert world.run(60) == []
    assert not list(world.outbox)


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (None, {"a", "b", "c"}),
        ({"receivers": ["a"]}, {"a"}),
        ({"receivers": ["a"], "routes": [{"matchers": ['service="shop"'], "receivers": ["b"]}]}, {"b"}),
        ({"receivers": ["a"], "routes": [{"matchers": ["service!=shop"], "receivers": ["b"]}]}, {"a"}),
        ({"routes": [{"matchers": ['service=~"sh.*"'], "receivers": ["b"], "continue": True}, {}]}, {"a", "b", "c"}),
        ({"receivers": ["a"], "routes": [{"routes": [{"matchers": ["x=y"], "receivers": ["c"]}]}]}, {"a"}),
        ({"receivers": ["nobody"]}, set()),
        ({"receivers": []}, set()),
    ],
)
def test_an_alert_goes_down_the_tree(routes: dict[str, Any] | None, expected: set[str]) -> None:
    world = World("a", "b", "c", routes=routes)
    world.fire(service="shop")
    world.run(10)
    assert {message.receiver for _, message in world.sent} == expected


@pytest.mark.parametrize(
    ("group_by", "messages"), [(None, 2), ([], 1), (["service"], 2), (["alertname", "service"], 4), (["..."], 4)]
)
def test_alerts_are_grouped_by_labels(group_by: list[str] | None, messages: int) -> None:
    world = World(routes={"group_by": group_by})
    for name in ("Slow", "Down"):
        for service in ("shop", "cart"):
            world.fire(name, service=service)
    assert len(world.run(20)) == messages


def test_another_grouping_repeats_nothing_and_is_over_where_it_was_told() -> None:
    world = World()
    world.fire(service="shop")
    world.run(10)
    world.tree = RouteTree({"group_by": ["service"]}, world.receivers)
    assert world.run(20) == []
    world.resolve(service="shop")
    assert world.run(20) == ["ops +30 changed 0 firing 1 resolved"]
    assert world.sent[-1][1].labels == (("alertname", "Slow"),)


ACTS = st.lists(
    st.tuples(st.sampled_from(("fire", "resolve", "down", "up", "wait")), st.integers(0, 3), st.integers(0, 90)),
    max_size=30,
)


@given(ACTS)
def test_whatever_happens_each_receiver_believes_the_truth_in_the_end(acts: list[tuple[str, int, int]]) -> None:
    world = World("chat", "ops", routes={"group_by": ["alertname"], "repeat_interval": "52w"})
    for act, number, seconds in acts:
        receiver = world.receivers[number % 2]
        if act == "fire":
            world.fire(f"A{number % 2}", service=f"s{number}")
        elif act == "resolve":
            world.resolve(f"A{number % 2}", service=f"s{number}")
        elif act == "down":
            world.down.add(receiver)
        elif act == "up":
            world.down.discard(receiver)
            world.look_at = world.now
        world.run(seconds, step=5)
    world.look_at = world.now
    world.down.clear()
    world.run(200, step=2)
    for receiver in world.receivers:
        assert world.beliefs(receiver) == world.firing()
        numbers = [message.number for _, message in world.sent if message.receiver == receiver]
        assert numbers == sorted(numbers)
        told: set[Any] = set()
        for _, message in world.sent:
            if message.receiver == receiver:
                changed = {alert.key for alert in message.alerts if (alert.ended is None) != (alert.key in told)}
                assert changed, "a message tells something new"
                told ^= changed
    assert world.run(600, step=20) == []
