"""Erasures: the events of a user leave everything that is read, what was counted stays, and a replay does the same."""

from collections.abc import Collection

import msgspec
import pytest

from analytics.bus import UsersErased
from analytics.errors import Unavailable
from analytics.filters.event_filter import EventFilter, EventSelection
from analytics.kinds import EVENTS, KINDS
from analytics.log import user_search
from analytics.log.digests import among, erasure_of
from analytics.query.catalog import audit
from analytics.query.error_groups import GroupFilter
from analytics.query.errors import errors
from analytics.query.events import events_after
from analytics.query.export import EVENT_EXPORT
from analytics.record_users import users_of_event
from analytics.records import ERASED, Kept, NewErasure, NewEvent, event_json
from tests.log.disk.replica import canonical, recorded, replica
from tests.state.rig import NOON, Rig, event


def filled() -> Rig:
    """Seven events in three requests, four of them by alice, of which two are errors."""
    rig = Rig()
    rig.events(event("view", user_id="alice", id="a1"), event("view", user_id="bob"), event("error", user_id="alice"))
    rig.event("request", user_id="alice", data={"status": 500, "note": "secret of alice"})
    rig.events(event("view", user_id="carol"), event("view", user_id="alice"), event("view"))
    return rig


def shown(rig: Rig, **wanted: str) -> list[tuple[str | None, str]]:
    found = rig.found(**wanted)["events"]
    return [(each["user_id"], each["type"]) for each in map(msgspec.json.decode, found)]


def test_the_events_leave_everything_that_is_read() -> None:
    rig = filled()
    assert rig.recorder.erase(["alice"], "ops").counts["events"] == 4
    left = [(None, "view"), ("carol", "view"), ("bob", "view")]
    assert shown(rig) == left
    assert shown(rig, user_id="alice") == shown(rig, q="secret") == shown(rig, type="error") == []
    assert [event["user_id"] for event in rig.realtime["recent_events"]] == [None, "carol", "bob"]
    assert rig.ask(errors, GroupFilter(), 100) == {"errors": [], "count": 0, "limit": 100, "kept": 0, "groups": []}
    rows = EVENT_EXPORT.rows(rig.ask(EVENT_EXPORT.slices, 0, 100), EventSelection(EventFilter()).select)
    assert [row.user_id for _, row in rows] == ["bob", "carol", None]
    after, _ = rig.ask(events_after, 0, 100)
    live = [found for found in after if found.kept.is_live(found.place)]
    assert [found.kept.records[found.place].user_id for found in live] == ["bob", "carol", None]
    assert rig.stats()["totals"]["events_kept"] == 3


def test_what_was_counted_stays() -> None:
    rig, untouched = filled(), filled()
    rig.recorder.erase(["alice"], "ops")
    for each in (rig, untouched):
        each.row()
    assert rig.row() == untouched.row()
    for key in ("events_by_type", "ingest", "last_24_hours", "today"):
        assert rig.stats()[key] == untouched.stats()[key]
    assert rig.stats()["totals"] == {**untouched.stats()["totals"], "events_kept": 3}


def test_numbers_and_cursors_of_the_other_events_stay() -> None:
    rig = filled()
    before = {found.kept.id(found.place): found.sequence for found in rig.state.events.newest_first()}
    page = rig.found(2)
    rig.recorder.erase(["alice"], "ops")
    for found in rig.state.events.newest_first():
        assert before[found.kept.id(found.place)] == found.sequence
    rest = rig.found(10, int(page["next_cursor"]))
    assert [msgspec.json.decode(each)["user_id"] for each in rest["events"]] == ["carol", "bob"]


def test_later_events_and_other_users_are_not_affected_and_a_repeat_erases_nothing() -> None:
    rig = filled()
    rig.recorder.erase(["alice"], "ops")
    rig.event("view", user_id="alice")
    assert shown(rig, user_id="alice") == [("alice", "view")]
    assert rig.event("view", user_id="alice", id="a1").duplicate, "a retry of an erased event is not a new one"
    nothing = {"events": 0, "logs": 0, "spans": 0}
    assert rig.recorder.erase(["nobody"], "ops")[:2] == (nothing, frozenset())
    assert len(shown(rig)) == 4


def test_an_error_that_only_the_errors_still_hold_is_erased_and_counted_once() -> None:
    rig = Rig(events_ring=2)
    rig.events(event("error", user_id="alice"), event("error", user_id="alice"), event("error", user_id="bob"))
    assert rig.recorder.erase(["alice"], "ops").counts["events"] == 2
    assert rig.ask(errors, GroupFilter(), 10)["kept"] == 1


def test_all_forms_of_an_id_are_erased_together() -> None:
    rig = Rig()
    rig.events(event(user_id="alice"), event(user_id="hash:1"), event(user_id="bob"))
    assert rig.recorder.erase(["alice", "hash:1"], "ops").counts["events"] == 2


def test_the_record_does_not_hold_the_id() -> None:
    first, second = erasure_of(["alice"], "ops"), erasure_of(["alice"], "ops")
    assert b"alice" not in msgspec.json.encode(first)
    assert first.digests != second.digests, "records about one user cannot be connected"
    assert among(first, ["alice", "bob", None, ""]) == {"alice"}


def test_a_replay_gives_the_same_state() -> None:
    rig = Rig(starts=False)
    log = recorded(rig)
    for number in range(250):
        rig.events(*(event("error", user_id=f"u{each % 7}") for each in range(number % 5 + 1)))
    rig.recorder.erase(["u1", "u3"], "ops")
    rig.event(user_id="u1")
    first, second = replica(log, NOON), replica(log, NOON + 500)
    assert canonical(first, NOON + 600) == canonical(second, NOON + 600)
    assert shown(first) == shown(rig)
    assert all(user not in ("u1", "u3") for user, type_ in shown(first) if type_ == "error")


def test_events_that_wait_for_live_clients_are_discarded() -> None:
    rig = filled()
    published: list[frozenset[str]] = []
    rig.bus.listen(UsersErased, lambda erased: published.append(erased.users))
    rig.recorder.erase(["alice"], "ops")
    assert published == [frozenset({"alice"})]
    kept = Kept([event(user_id="alice", id="x"), event(user_id="bob", id="y")], NOON, "", "")
    left = EVENTS.without(kept, published[0])
    assert (left.records[0], left.records[1], list(left.places())) == (ERASED, kept.records[1], [1])
    assert [left.is_live(place) for place in (0, 1)] == [False, True]
    assert EVENTS.without(left, published[0]) is left
    assert b'"y"' in event_json(left, 1)


def test_an_erasure_is_in_the_audit_log_without_the_user() -> None:
    rig = filled()
    rig.recorder.erase(["alice"], "ops (key 1)")
    (noted,) = rig.ask(audit, None, 10)
    assert (noted.who, noted.action, noted.collection, noted.time) == ("ops (key 1)", "erased", "users", NOON)
    assert "alice" not in repr(rig.state.catalog.dump())
    assert rig.state.catalog.take_change(), "so that the next checkpoint has it"


def test_records_of_erasures_from_before_do_not_say_who() -> None:
    old = msgspec.json.decode(b'{"salt":"00","digests":[]}', type=NewErasure)
    assert old.who == "unknown"


def test_the_ids_that_a_replay_remembers_are_the_same() -> None:
    rig = Rig(starts=False)
    log = recorded(rig)
    rig.events(*(event("view", user_id=f"u{each % 3}", id=f"id-{each}") for each in range(30)))
    rig.event("view", user_id="u1", id="id-1", sender="page")
    for user in ("u1", "u2"):
        rig.recorder.erase([user], "ops")
    first, second = (replica(log, NOON) for _ in range(2))
    known = [each.recorder.ids["events"] for each in (rig, first, second)]
    dumps = [list(ids.newest_ids(ids.take_all()).items()) for ids in known]
    assert dumps[0] == dumps[1] == dumps[2]
    assert len(dumps[0]) == 31
    assert [id_ for id_, _ in dumps[0] if "id-" in id_] == [f"id-{each}" for each in range(0, 30, 3)]
    assert rig.event("view", user_id="u1", id="id-1", sender="page").duplicate


def test_an_erasure_has_looked_at_most_records_before_it_holds_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = filled()
    looked_at: list[tuple[str | None, bool]] = []

    def users_of(record: NewEvent) -> Collection[str]:
        looked_at.append((record.id, rig.state.lock.locked()))
        return users_of_event(record)

    def pause() -> None:
        if len(looked_at) == 3:
            rig.events(event(user_id="alice", id="later"), event(user_id="bob", id="other"))

    monkeypatch.setitem(KINDS, "events", EVENTS._replace(users=users_of))
    monkeypatch.setattr(user_search, "yield_if_due", pause)
    assert rig.recorder.erase(["alice"], "ops").counts["events"] == 5
    assert [id_ for id_, is_locked in looked_at if is_locked] == ["later", "other"]
    assert len(looked_at) == 7 + 2
    assert shown(rig, user_id="alice") == []


def test_an_erasure_that_cannot_be_written_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = filled()

    def refuse(_: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(rig.recorder, "_record_own", refuse)
    with pytest.raises(Unavailable):
        rig.recorder.erase(["alice"], "ops")
    assert vars(rig.recorder._searches)["_prepared"] == {}
