"""Checkpoints: a restored state answers and continues like the original, also when it was saved in many steps."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from analytics.alerting import AlertChange, AlertKey, NewAlertStates
from analytics.incidents import NewIncidentAction
from analytics.kinds import EVENTS, METRICS, POINTS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.stored import Part
from analytics.notifications import FiredAlert, MessageAlert, NewNotification, NewNotificationEnd
from analytics.points import COUNTER, GAUGE, Exemplar, NewPoint
from analytics.query.summary import SummaryQuery, summary
from analytics.records import NewPush, PushedGroup, PushedPoint
from tests.log.disk.acts import LIMITS, SERVICES, Act, act, acts, answers, do, do_all, remembered
from tests.query.exposition.reading import exposed, samples
from tests.randomness import costly
from tests.state.rig import DAY, HOUR, MINUTE, NOON, Rig, batch, event, metric

Place = tuple[str, int, int]


class SavedParts:
    """The parts of a rig's checkpoints, as the database stores them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.checkpoint = Checkpoint(rig.state, rig.recorder)
        self.parts: dict[Place, Part] = {}

    def take(self, *, fails: bool = False) -> None:
        """Write a checkpoint; if it fails, its parts are discarded."""
        with self.rig.state.lock:
            changes = self.checkpoint.take_unsaved()
            oldest = self.checkpoint.oldest()
            parts = list(self.checkpoint.parts(changes))
        if fails:
            self.checkpoint.rollback(changes)
            return
        self.checkpoint.commit(changes)
        assert len({part[:3] for part in parts}) == len(parts)
        self.parts.update({part[:3]: part for part in parts})
        for family, level, start in oldest:
            gone = [place for place in self.parts if place[:2] == (family, level) and place[2] < start]
            for place in gone:
                del self.parts[place]

    def restored(self, **limits: Any) -> Rig:
        """A service that starts with the newest checkpoint."""
        rig = restored(sorted(self.parts.values()), self.rig.clock.wall(), **limits)
        rig.state.started = self.rig.state.started
        return rig


def restored(parts: Iterable[Part], wall: float, **limits: Any) -> Rig:
    """A service that starts with the checkpoint of these parts."""
    rig = Rig(wall + 0.001, **limits)  # another start: the prefix of its ids differs
    rig.clock.set(wall)
    Checkpoint(rig.state, rig.recorder).restore(parts)
    rig.recorder.set_quotas(rig.recorder.quotas)
    return rig


def check_equal(one: Rig, other: Rig) -> None:
    expected, found = answers(one), answers(other)
    assert found.keys() == expected.keys()
    for question, answer in expected.items():
        assert found[question] == answer, question
    assert remembered(other) == remembered(one)


def known_ids(acts: Iterable[Act]) -> list[Act]:
    """The same acts with an id for every record: ids that a service assigns differ between two services."""
    named, number = [], 0
    for kind, *rest in acts:
        if kind in ("events", "metrics"):
            place = 4 if kind == "events" else 5
            items = []
            for item in rest[0]:
                number += 1
                items.append((*item[:place], item[place] or f"own{number}", *item[place + 1 :]))
            rest = [items]
        named.append((kind, *rest))
    return named


@costly(12)
@given(before=acts, after=acts)
@example(before=[("metrics", [("latency", 1.0, "a", {}, 20.0, None)]), ("wait", 65 * DAY)], after=[])
def test_a_restored_state_answers_and_continues_like_the_original(before: list[Act], after: list[Act]) -> None:
    rig = Rig(**LIMITS)
    saved = SavedParts(rig)
    do_all(rig, before)
    saved.take()
    copy = saved.restored(**LIMITS)
    check_equal(rig, copy)
    for each in known_ids(after):
        do(rig, *each)
        do(copy, *each)
    check_equal(rig, copy)


STEPS = st.one_of(
    *([act] * 4),
    st.tuples(st.just("checkpoint"), st.sampled_from((True, False))),
    st.tuples(st.just("checkpoint"), st.just(False)),
)


@costly(15)
@given(st.lists(STEPS, max_size=40))
def test_many_checkpoints_with_failures_add_up_to_a_single_one(acts: list[Act]) -> None:
    often, once = Rig(**LIMITS), Rig(**LIMITS)
    once.recorder.own_ids.restore(*often.recorder.own_ids.dump())
    saves = SavedParts(often), SavedParts(once)
    for each in acts:
        if each[0] == "checkpoint":
            saves[0].take(fails=each[1])
        else:
            do(often, *each)
            do(once, *each)
    for saved in saves:
        saved.take()
    first, second = (saved.restored(**LIMITS) for saved in saves)
    check_equal(once, first)
    check_equal(once, second)
    assert saves[0].parts.keys() - saves[1].parts.keys() <= {place for place in saves[0].parts if place[0] == "ids"}


def test_groups_of_pushed_series_and_exemplars_are_restored() -> None:
    rig = Rig()
    point = NewPoint((("__name__", "rows"), ("job", "backup")), GAUGE, 7.0, exemplars=(Exemplar((("a", "b"),), 1.0),))
    rig.recorder.record_batch(POINTS, batch(point))
    pushed = NewPush((("job", "backup"),), [PushedPoint("rows", replace(point, exemplars=()))])
    rig.recorder.push(pushed)
    saved = SavedParts(rig)
    saved.take(fails=True)
    saved.take()
    copy = saved.restored()
    assert list(copy.state.pushed) == [(pushed.grouping, PushedGroup(pushed.points, NOON))]
    assert copy.state.series_store.exemplars.of(0) == [Exemplar((("a", "b"),), 1.0, NOON)]
    rig.recorder.push(NewPush(pushed.grouping))
    saved.take()
    assert list(saved.restored().state.pushed) == []


def test_alerts_and_incidents_are_restored() -> None:
    rig = Rig()
    firing = AlertChange("Slow", (("alertname", "Slow"),), "firing", True, 1.5, {"summary": "slow"})
    rig.recorder.change_alerts(NewAlertStates("latency", NOON, [firing]))
    (incident,) = rig.state.incidents
    rig.recorder.act(NewIncidentAction(incident.id, "acknowledged", "ann"))
    saved = SavedParts(rig)
    saved.take(fails=True)
    saved.take()
    copy = saved.restored()
    assert list(copy.state.alerts) == list(rig.state.alerts)
    assert copy.state.alerts.number == 1
    assert list(copy.state.incidents) == [incident]


def test_repeated_changes_and_late_totals_are_recognised_after_a_restore() -> None:
    def total(value: float, at: float) -> NewPoint:
        return NewPoint((("__name__", "hits"),), COUNTER, value, NOON + at, is_cumulative=True)

    rig = Rig()
    change = NewPoint((("__name__", "sent"),), COUNTER, 3.0, NOON, started=NOON - 10)
    rig.recorder.record_batch(POINTS, batch(total(5.0, -5), total(20.0, -1), change))
    saved = SavedParts(rig)
    saved.take()
    copy = saved.restored()
    for each in (rig, copy):
        receipt = each.recorder.record_batch(POINTS, batch(total(4.0, -3), change))
        assert (receipt.accepted, receipt.duplicates) == (1, 1)
        store = each.state.series_store
        assert sorted(store.lives[number].total for number in store.ids) == [3.0, 25.0], "the late one was a reset"


USES = st.tuples(st.just("use"), st.sampled_from(SERVICES[:3]), st.sampled_from("abcdefgh"), st.integers(1, 5))
DAYS = st.tuples(st.just("wait"), st.sampled_from((1, 70, DAY, 12 * DAY)))


@costly()
@given(st.lists(st.one_of(*([USES] * 6), DAYS, st.just(("checkpoint",))), min_size=10, max_size=80), st.integers(0, 79))
def test_evicted_endpoints_stay_evicted_and_count_as_missed(acts: list[Act], start: int) -> None:
    rig = Rig(**LIMITS)
    saved = SavedParts(rig)
    copy: Rig | None = None
    for number, (kind, *details) in enumerate(acts):
        if kind == "checkpoint" or number == start:
            saved.take()
        if number == start:
            copy = saved.restored(**LIMITS)
        for each in (rig, copy) if copy else (rig,):
            if kind == "use":
                service, endpoint, count = details
                each.metric("requests", count, service, tags={"endpoint": endpoint})
            each.clock.advance(details[0] if kind == "wait" else 1)
            each.snapshot()
    if copy is None:
        saved.take()
        copy = saved.restored(**LIMITS)
    for name in SERVICES[:3]:
        assert endpoints(copy, name) == endpoints(rig, name)
    assert len(copy.state.endpoints) == len(rig.state.endpoints)


def used(rig: Rig, ago: float) -> tuple[int, dict[str, float]]:
    now = rig.clock.wall()
    found = rig.ask_in_steps(summary, SummaryQuery(now - ago, now + 1))["endpoints"]
    return found["step"], {row["endpoint"]: row["requests"] for row in found["rows"]}


def test_endpoints_of_an_older_version_are_known_by_day_and_counted_on() -> None:
    rig = Rig()
    rig.events(event(data={"endpoint": "/a", "latency": 4}), event(data={"endpoint": "/a", "latency": 4}))
    rig.clock.advance(HOUR)
    rig.events(event(data={"endpoint": "/a", "latency": 4}))
    saved = SavedParts(rig)
    saved.take()
    for place in [place for place in saved.parts if place[0].startswith("endpoint_")]:
        del saved.parts[place]
    rest = next(part for place, part in saved.parts.items() if place[0] == "rest")
    older = msgspec.json.decode(rest.body)
    del older["endpoint_series_since"]
    saved.parts["rest", 0, 0] = rest._replace(body=msgspec.json.encode(older))
    again = saved.restored()
    assert used(again, 2 * HOUR) == (DAY, {"/a": 3})
    assert samples(exposed(again))["endpoint_requests_total", ("endpoint", "/a"), ("service", "shop")] == 3
    again.clock.advance(10)
    again.events(event(data={"endpoint": "/a"}))
    assert used(again, 2 * HOUR) == (DAY, {"/a": 4})
    assert used(again, 5) == (5, {"/a": 1})
    assert samples(exposed(again))["endpoint_requests_total", ("endpoint", "/a"), ("service", "shop")] == 4


def endpoints(rig: Rig, service: str) -> list[tuple[str, float, float]]:
    """The endpoints of a service with their counts, and by how much each count may be too low."""
    return [(name, usage.requests, missed) for name, usage, missed in rig.state.endpoints.of_service(service)]


OTHER_SETTINGS: list[dict[str, Any]] = [
    {"daily_days": 3, "hourly_days": 1},
    {"daily_days": 365, "hourly_days": 30},
    {"events_ring": 3, "metrics_ring": 2},
    {"max_services": 1, "max_series": 1, "max_event_types": 1},
    {"max_endpoints": 1, "max_service_endpoints": 1},
    {"dedupe_ids": 1, "dedupe_seconds": 0},
]


@pytest.mark.parametrize("other", OTHER_SETTINGS, ids=lambda other: next(iter(other)))
def test_a_checkpoint_can_be_restored_with_other_settings(other: dict[str, Any]) -> None:
    @costly(12)
    @given(before=acts, after=acts)
    def check(before: list[Act], after: list[Act]) -> None:
        rig = Rig(**LIMITS)
        saved = SavedParts(rig)
        do_all(rig, before)
        saved.take()
        copy = saved.restored(**{**LIMITS, **other})
        for days, hours in ((3, 24),):
            assert copy.days(days) == rig.days(days)
            assert copy.hours(hours) == rig.hours(hours)
        recent = copy.realtime["recent_events"][:3]  # erased events take up room in a small ring
        assert recent == rig.realtime["recent_events"][: len(recent)]
        assert copy.state.events.last_sequence == rig.state.events.last_sequence
        newest = len(copy.state.events)
        assert newest == min(len(rig.state.events), copy.state.events.capacity)
        do_all(copy, after)
        answers(copy)

    check()


def test_assigned_ids_are_known_after_several_starts() -> None:
    rig = Rig()
    given: list[str] = []
    for _ in range(4):
        saved = SavedParts(rig)
        given += [rig.event().id, rig.metric("memory", 1).id]
        saved.parts = {}
        saved.take()
        rig = saved.restored()
        rig.clock.advance(1)
        kinds = rig.recorder.ids["events"], rig.recorder.ids["metrics"]
        for number, id_ in enumerate(given):
            assert kinds[number % 2].knows(id_, rig.clock.wall())
    assert not kinds[0].knows(given[0].replace("-1-", "-999-"), 0)


def test_an_id_that_was_forgotten_and_seen_again_is_remembered_as_new() -> None:
    limits = {"dedupe_ids": 2, "dedupe_seconds": 0}
    rig = Rig(**limits)
    saved = SavedParts(rig)
    for id_ in ("x", "a", "b", "c", "x"):
        rig.clock.advance(1)
        assert not rig.event(id=id_).duplicate
        saved.take()
    copy = saved.restored(**limits)
    for each in (rig, copy):
        each.clock.advance(1)
        assert each.event(id="x").duplicate
        assert not each.event(id="b").duplicate
        assert not each.event(id="d").duplicate
        assert not each.event(id="x").duplicate


def test_changes_of_expired_buckets_are_forgotten() -> None:
    rig = Rig(daily_days=2, hourly_days=1)
    for _ in range(300):
        rig.event("request", data={"endpoint": "/"}, user_id="u")
        rig.clock.advance(HOUR + MINUTE + 1)
        rig.snapshot()
    state = rig.state
    noted = (state.series, state.users, state.endpoints.retained, state.endpoints.last_minute)
    assert sum(len(each.dirty.take()) for each in noted) < 200


def test_a_checkpoint_writes_only_what_changed() -> None:
    rig = Rig()
    saved = SavedParts(rig)
    for _ in range(60):
        rig.events(*(event("request", f"s{n}", user_id=str(n), data={"latency": n}) for n in range(20)))
        rig.clock.advance(DAY / 4)
    saved.take()
    whole = sum(len(part.body) for part in saved.parts.values())
    before = dict(saved.parts)
    rig.event()
    saved.take()
    changed = [part for place, part in saved.parts.items() if before.get(place) is not part]
    assert len(changed) < 10
    assert sum(len(part.body) for part in changed) < whole / 4


@given(st.data())
def test_an_incomplete_checkpoint_is_refused(data: st.DataObject) -> None:
    rig = Rig(NOON)
    saved = SavedParts(rig)
    rig.recorder.record_batch(EVENTS, batch(event(id="a", data={"endpoint": "/"}, user_id="u")))
    rig.recorder.record_batch(METRICS, batch(metric("memory", 1)))
    saved.take()
    parts = sorted(saved.parts.values())
    with pytest.raises(ValueError, match="incomplete"):
        restored([part for part in parts if part.family != "rest"], NOON)
    place = data.draw(st.integers(0, len(parts) - 1))
    torn = parts[place]._replace(body=parts[place].body[:-1])
    if torn.family != "users":  # a damaged sketch is found at its first use
        with pytest.raises((msgspec.DecodeError, ValueError)):
            restored([*parts[:place], torn, *parts[place + 1 :]], NOON)


def test_the_outbox_is_restored() -> None:
    rig = Rig()
    key = AlertKey("latency", "Slow", (("alertname", "Slow"),))
    about = [MessageAlert(key, NOON, None, 1.5, {"summary": "slow"})]
    rig.recorder.notify(NewNotification("ops", (), "changed", 0, [FiredAlert(key, NOON)], [], 1, about))
    rig.recorder.notify(NewNotification("chat", (), "changed", 0, [FiredAlert(key, NOON)], [], 1, about))
    rig.recorder.end_notification(NewNotificationEnd("chat", (), 2, "sent", 1, "200 OK", disabled=7))
    saved = SavedParts(rig)
    saved.take(fails=True)
    saved.take()
    copy = saved.restored().state.outbox
    assert list(copy) == list(rig.state.outbox)
    assert copy.waiting() == rig.state.outbox.waiting() != []
    assert (copy.number, copy.ended, copy.boxes) == (2, rig.state.outbox.ended, rig.state.outbox.boxes)
