"""Images: what is dumped and restored answers as it did before, goes on as it would have, and adds up from changes."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.storage.database import Part
from analytics.storage.image import Image
from tests.randomness import costly
from tests.state.rig import DAY, HOUR, MINUTE, NOON, Rig, batch, event, metric, moderate
from tests.storage.acts import LIMITS, SERVICES, Act, act, acts, answers, do, do_all, remembered

Place = tuple[str, int, int]


class Album:
    """The images of a rig, as the database keeps them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.image = Image(rig.state, rig.recorder)
        self.parts: dict[Place, Part] = {}

    def take(self, *, fails: bool = False) -> None:
        """One more image; where it fails, its parts come to nothing."""
        with self.rig.state.lock:
            changes = self.image.take_changes()
            oldest = self.image.oldest()
            parts = list(self.image.parts(changes))
        if fails:
            self.image.give_back(changes)
            return
        self.image.done(changes)
        assert len({part[:3] for part in parts}) == len(parts)
        self.parts.update({part[:3]: part for part in parts})
        for family, rung, start in oldest:
            gone = [place for place in self.parts if place[:2] == (family, rung) and place[2] < start]
            for place in gone:
                del self.parts[place]

    def restored(self, **limits: Any) -> Rig:
        """What a later start makes of the newest image."""
        rig = restored(sorted(self.parts.values()), self.rig.clock.wall(), **limits)
        rig.state.started = self.rig.state.started
        return rig


def restored(parts: Iterable[Part], wall: float, **limits: Any) -> Rig:
    """A service that starts with the image of these parts."""
    rig = Rig(wall + 0.001, **limits)  # a start of its own: its ids begin otherwise
    rig.clock.set(wall)
    Image(rig.state, rig.recorder).restore(parts)
    rig.recorder.set_quotas(rig.recorder.quotas)
    return rig


def check_equal(one: Rig, other: Rig) -> None:
    expected, found = answers(one), answers(other)
    assert found.keys() == expected.keys()
    for question, answer in expected.items():
        assert found[question] == answer, question
    assert remembered(other) == remembered(one)


def known_ids(acts: Iterable[Act]) -> list[Act]:
    """The same acts, where every record has an id of its own: those that the service gives differ between two."""
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


@costly(25)
@given(before=acts, after=acts)
def test_a_restored_state_answers_equally_and_goes_on_equally(before: list[Act], after: list[Act]) -> None:
    rig = Rig(**LIMITS)
    album = Album(rig)
    do_all(rig, before)
    album.take()
    copy = album.restored(**LIMITS)
    check_equal(rig, copy)
    for each in known_ids(after):
        do(rig, *each)
        do(copy, *each)
    check_equal(rig, copy)


IMAGES = st.one_of(
    *([act] * 4),
    st.tuples(st.just("image"), st.sampled_from((True, False))),
    st.tuples(st.just("image"), st.just(False)),
)


@costly(30)
@given(st.lists(IMAGES, max_size=40))
def test_many_small_images_of_which_some_fail_are_one_whole(acts: list[Act]) -> None:
    often, once = Rig(**LIMITS), Rig(**LIMITS)
    once.recorder.own_ids.restore(*often.recorder.own_ids.dump())
    albums = Album(often), Album(once)
    for each in acts:
        if each[0] == "image":
            albums[0].take(fails=each[1])
        else:
            do(often, *each)
            do(once, *each)
    for album in albums:
        album.take()
    first, second = (album.restored(**LIMITS) for album in albums)
    check_equal(once, first)
    check_equal(once, second)
    assert albums[0].parts.keys() - albums[1].parts.keys() <= {place for place in albums[0].parts if place[0] == "ids"}


USES = st.tuples(st.just("use"), st.sampled_from(SERVICES[:3]), st.sampled_from("abcdefgh"), st.integers(1, 5))
DAYS = st.tuples(st.just("wait"), st.sampled_from((1, 70, DAY, 12 * DAY)))


@costly()
@given(st.lists(st.one_of(*([USES] * 6), DAYS, st.just(("image",))), min_size=10, max_size=80), st.integers(0, 79))
def test_endpoints_that_made_room_for_others_stay_gone_and_are_counted_as_missed(acts: list[Act], start: int) -> None:
    rig = Rig(**LIMITS)
    album = Album(rig)
    copy: Rig | None = None
    for number, (kind, *details) in enumerate(acts):
        if kind == "image" or number == start:
            album.take()
        if number == start:
            copy = album.restored(**LIMITS)
        for each in (rig, copy) if copy else (rig,):
            if kind == "use":
                service, endpoint, count = details
                each.metric("requests", count, service, tags={"endpoint": endpoint})
            each.clock.advance(details[0] if kind == "wait" else 1)
            each.snapshot()
    if copy is None:
        album.take()
        copy = album.restored(**LIMITS)
    for name in SERVICES[:3]:
        assert endpoints(copy, name) == endpoints(rig, name)
    assert len(copy.state.endpoints) == len(rig.state.endpoints)


def endpoints(rig: Rig, service: str) -> list[tuple[str, float, float]]:
    """Endpoints of a service with their counts, and by how much those may fall short."""
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
def test_with_other_settings_what_is_kept_is_right(other: dict[str, Any]) -> None:
    @costly(12)
    @given(before=acts, after=acts)
    def check(before: list[Act], after: list[Act]) -> None:
        rig = Rig(**LIMITS)
        album = Album(rig)
        do_all(rig, before)
        album.take()
        copy = album.restored(**{**LIMITS, **other})
        for days, hours in ((3, 24),):
            assert copy.days(days) == rig.days(days)
            assert copy.hours(hours) == rig.hours(hours)
        assert copy.realtime["recent_events"][:3] == rig.realtime["recent_events"][:3]
        assert copy.state.events.last_sequence == rig.state.events.last_sequence
        newest = len(copy.state.events)
        assert newest == min(len(rig.state.events), copy.state.events._capacity)
        do_all(copy, after)
        answers(copy)

    check()


def test_ids_that_the_service_gave_are_known_after_any_number_of_starts() -> None:
    rig = Rig()
    given: list[str] = []
    for _ in range(4):
        album = Album(rig)
        given += [rig.event().id, rig.metric("memory", 1).id]
        album.parts = {}
        album.take()
        rig = album.restored()
        rig.clock.advance(1)
        kinds = rig.recorder.event_ids, rig.recorder.metric_ids
        for number, id_ in enumerate(given):
            assert kinds[number % 2].knows(id_, rig.clock.wall())
    assert not kinds[0].knows(given[0].replace("-1-", "-999-"), 0)


def test_an_id_that_was_forgotten_and_came_again_is_as_new_as_any() -> None:
    limits = {"dedupe_ids": 2, "dedupe_seconds": 0}
    rig = Rig(**limits)
    album = Album(rig)
    for id_ in ("x", "a", "b", "c", "x"):
        rig.clock.advance(1)
        assert not rig.event(id=id_).duplicate
        album.take()
    copy = album.restored(**limits)
    for each in (rig, copy):
        each.clock.advance(1)
        assert each.event(id="x").duplicate
        assert not each.event(id="b").duplicate
        assert not each.event(id="d").duplicate
        assert not each.event(id="x").duplicate


def test_what_changed_is_noted_no_longer_than_it_is_kept() -> None:
    rig = Rig(daily_days=2, hourly_days=1)
    for _ in range(300):
        rig.event("request", data={"endpoint": "/"}, user_id="u")
        rig.clock.advance(HOUR + MINUTE + 1)
        rig.snapshot()
    state = rig.state
    noted = (state.series, state.users, state.endpoints.retained, state.endpoints.last_minute)
    assert sum(len(each.changes.take()) for each in noted) < 200


def test_a_full_state_changes_little_from_one_image_to_the_next() -> None:
    rig = Rig()
    album = Album(rig)
    for _ in range(60):
        rig.events(*(event("request", f"s{n}", user_id=str(n), data={"latency": n}) for n in range(20)))
        rig.clock.advance(DAY / 4)
    album.take()
    whole = sum(len(part.body) for part in album.parts.values())
    before = dict(album.parts)
    rig.event()
    album.take()
    changed = [part for place, part in album.parts.items() if before.get(place) is not part]
    assert len(changed) < 10
    assert sum(len(part.body) for part in changed) < whole / 4


@moderate
@given(st.data())
def test_an_image_that_is_not_whole_is_refused(data: st.DataObject) -> None:
    rig = Rig(NOON)
    album = Album(rig)
    rig.recorder.events(batch(event(id="a", data={"endpoint": "/"}, user_id="u")))
    rig.recorder.metrics(batch(metric("memory", 1)))
    album.take()
    parts = sorted(album.parts.values())
    with pytest.raises(ValueError, match="no end"):
        restored([part for part in parts if part.family != "rest"], NOON)
    place = data.draw(st.integers(0, len(parts) - 1))
    torn = parts[place]._replace(body=parts[place].body[:-1])
    if torn.family != "users":  # sketches are folded: one is noticed when it is first used
        with pytest.raises((msgspec.DecodeError, ValueError)):
            restored([*parts[:place], torn, *parts[place + 1 :]], NOON)
