"""The budget of new names: how many services, event types and series a key may create; known names are free."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.identity import NameBudget
from tests.access.rig import ADMIN, Rig, check_refused, event


def codes(answer: object) -> list[str]:
    return [each["code"] for each in answer.json["errors"]]  # type: ignore[attr-defined]


def test_each_item_beyond_the_budget_is_refused_and_known_names_are_free() -> None:
    rig = Rig()
    rig.post("/events", event("old", "known"), ADMIN)
    key = rig.key("ingest", new_names=3)
    batch = [
        event("old", "known"),
        event("new", "view"),  # a service and a type
        event("new", "view"),
        event("newer", "buy"),  # two more are too many
        event("new", "buy"),  # one more fits
        event("old", "sell"),
        event("new", "known"),
    ]
    receipt = rig.post("/events", batch, key)
    assert (receipt.json["accepted"], codes(receipt)) == (5, ["too_many_new_names"] * 2)  # type: ignore[index]
    assert [each["index"] for each in receipt.json["errors"]] == [3, 5]  # type: ignore[index]
    check_refused(rig.post("/events", event("newest"), key), 403, "too_many_new_names")
    assert rig.post("/events", event("new", "buy"), key).status_code == 201


def test_series_and_heartbeats_count_as_well() -> None:
    rig = Rig()
    key = rig.key("ingest", new_names=4)
    metric = {"name": "queue", "value": 1, "tags": {"service": "shop"}}
    assert rig.post("/metrics", metric, key).status_code == 201  # a service and a series
    assert rig.post("/metrics", metric, key).status_code == 201
    assert rig.post("/metrics", {**metric, "tags": {"service": "shop", "host": "a"}}, key).status_code == 201
    refused = rig.post("/metrics", {**metric, "tags": {"service": "new", "host": "a"}}, key)  # both are new
    check_refused(refused, 403, "too_many_new_names")
    beat = {"service": "other", "status": "healthy"}
    assert rig.post("/heartbeat", beat, key).status_code == 200
    check_refused(rig.post("/heartbeat", {**beat, "service": "third"}, key), 403, "too_many_new_names")
    check_refused(rig.get("/heartbeat/third", key), 403, "too_many_new_names")
    assert rig.post("/heartbeat", beat, key).status_code == 200
    drops = rig.get("/stats", ADMIN).json["drops"]  # type: ignore[index]
    assert drops == {"too_many_new_names": 3}


def test_each_key_has_its_own_budget_and_a_rotation_does_not_reset_it() -> None:
    rig = Rig()
    made, other = rig.create("ingest", new_names=2), rig.key("ingest", new_names=2)
    assert rig.post("/events", event(), made["secret"]).status_code == 201
    rotated = rig.post(f"/keys/{made['id']}/rotate", {}, ADMIN).json["secret"]  # type: ignore[index]
    check_refused(rig.post("/events", event("b"), rotated), 403, "too_many_new_names")
    assert rig.post("/events", event("b", "c"), other).status_code == 201


def test_a_budget_of_none_allows_known_names_only() -> None:
    rig = Rig()
    rig.post("/events", event(), ADMIN)
    key = rig.key("ingest", new_names=0)
    assert rig.post("/events", event(), key).status_code == 201
    check_refused(rig.post("/events", event("b"), key), 403, "too_many_new_names")


def test_a_flood_of_names_under_one_key_leaves_the_room_of_others() -> None:
    rig = Rig()
    key = rig.key("ingest", new_names=100)
    flood = [event(f"s{number}") for number in range(4_000)]
    first = rig.post("/events", flood[:2_000], key)
    assert first.json["accepted"] == 99, "the type of the events is one of the names"  # type: ignore[index]
    assert rig.post("/events", flood[2_000:], key).status_code == 400
    tags = [{"name": "m", "value": 1, "tags": {"k": str(number)}} for number in range(2_000)]
    assert rig.post("/metrics", tags, key).status_code == 400
    stats = rig.get("/stats", ADMIN).json
    assert stats is not None
    assert stats["totals"]["services"] == 99
    assert stats["drops"] == {"too_many_new_names": 1_901 + 2_000 + 2_000}
    assert rig.post("/events", event("honest"), ADMIN).status_code == 201


@given(st.integers(0, 6), st.lists(st.frozensets(st.integers(0, 9), max_size=4)))
def test_no_more_names_than_the_budget_are_ever_created(most: int, records: list[frozenset[int]]) -> None:
    budget, created = NameBudget(most), set[int]()
    for names in records:
        if budget.take(names) is None:
            created |= names
        else:
            assert len(created | names) > most
    assert len(created) <= most
