"""Errors are kept separately from other events, and equal ones are grouped."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from analytics.query.error_groups import GroupFilter
from analytics.query.errors import errors
from tests.state.rig import DAY, NOON, Rig, event


def page(rig: Rig, service: str | None = None, limit: int = 100) -> Any:
    return msgspec.json.decode(msgspec.json.encode(rig.ask(errors, GroupFilter(service), limit)))


def test_traffic_does_not_evict_errors() -> None:
    rig = Rig(events_ring=10)
    rig.event("error", data={"message": "card declined", "endpoint": "/pay"}, id="e1")
    rig.event(data={"status": 503, "endpoint": "/pay"}, id="e2")
    rig.event(data={"status": "502"}, id="e3")
    for _ in range(200):
        rig.events(*(event() for _ in range(10)))
    found = page(rig)
    assert (found["kept"], found["count"], found["limit"]) == (3, 3, 100)
    assert {group["latest"]["id"] for group in found["errors"]} == {"e1", "e2", "e3"}


def test_equal_errors_are_grouped_with_count_first_and_last() -> None:
    rig = Rig()
    for number in range(3):
        rig.event("error", data={"message": "timeout", "endpoint": "/pay", "attempt": number}, user_id=f"u{number}")
        rig.clock.advance(60)
    rig.event("error", data={"message": "timeout", "endpoint": "/cart"})
    rig.event("error", "cart", data={"message": "timeout", "endpoint": "/pay"})
    first, second, third = page(rig)["errors"]
    assert {(group["service"], group["endpoint"], group["count"]) for group in (first, second)} == {
        ("shop", "/cart", 1),
        ("cart", "/pay", 1),
    }
    assert (third["count"], third["first"], third["last"]) == (
        3,
        "2023-11-14T12:00:00.000Z",
        "2023-11-14T12:02:00.000Z",
    )
    assert third["latest"]["data"]["attempt"] == 2
    assert [group["service"] for group in page(rig, "cart")["errors"]] == ["cart"]
    assert page(rig, limit=1)["count"] == 1


def test_each_error_names_its_group_by_fingerprint() -> None:
    rig = Rig()
    rig.event("error", data={"error": "TypeError", "message": "no 7", "stack": "TypeError\n    at pay (a.js:1:1)"})
    rig.event("error", "cart", data={"message": "no 8"})
    found = page(rig)
    kinds = {group["fingerprint"]: group["type"] for group in found["groups"]}
    assert [kinds[error["fingerprint"]] for error in found["errors"]] == ["error", "TypeError"]


def test_the_message_is_the_first_text_in_the_data() -> None:
    rig = Rig()
    rig.event("error", data={"message": {"a": 1}, "error": "boom", "status": [500], "endpoint": 5})
    rig.event("error", data={"reason": "x" * 900})
    rig.event("error")
    found = [(group["message"], group["endpoint"], group["status"]) for group in page(rig)["errors"]]
    assert sorted(found, key=str) == sorted(
        [("boom", None, None), ("x" * 500, None, None), (None, None, None)], key=str
    )


def test_errors_older_than_the_retention_are_not_returned() -> None:
    rig = Rig(daily_days=2)
    rig.event("error", data={"message": "old"})
    rig.clock.advance(DAY)
    assert page(rig)["kept"] == 1
    rig.clock.advance(DAY)
    assert page(rig)["kept"] == 0


_kinds = st.sampled_from(("error", "ok", "failed", "text", "view"))
DATA: dict[str, dict[str, Any]] = {
    "error": {},
    "ok": {"status": 200},
    "failed": {"status": 500},
    "text": {"status": "599"},
}


@given(st.lists(st.lists(_kinds, min_size=1, max_size=400), max_size=12))
def test_the_newest_thousand_errors_are_kept_in_the_order_of_their_arrival(batches: list[list[str]]) -> None:
    rig, expected, number = Rig(events_ring=50), [], 0
    for kinds in batches:
        items = []
        for kind in kinds:
            number += 1
            type_ = kind if kind in ("error", "view") else "request"
            items.append(event(type_, id=str(number), data=DATA.get(kind, {})))
            if kind in ("error", "failed", "text"):
                expected.append(str(number))
        rig.events(*items)
    found = [kept.records[place].id for _, kept, place in rig.state.errors.ring.newest_first()]
    assert found == expected[::-1][:1_000]
    assert page(rig)["kept"] == len(found)


def test_an_error_without_an_id_has_its_assigned_id() -> None:
    rig = Rig()
    rig.events(event(), event("error"), event())
    kept = [record["id"] for record in rig.realtime["recent_events"]]
    assert page(rig)["errors"][0]["latest"]["id"] == kept[1]


def test_a_late_error_has_its_own_time() -> None:
    rig = Rig()
    rig.event("error", data={"message": "m"})
    rig.event("error", at=NOON - 3_600, data={"message": "m"})
    (group,) = page(rig)["errors"]
    assert (group["first"], group["last"]) == ("2023-11-14T11:00:00.000Z", "2023-11-14T12:00:00.000Z")
    assert "received_at" not in group["latest"]


def test_errors_of_a_range() -> None:
    rig = Rig()
    for ago in (50, 30, 10):
        rig.event("error", "web", at=NOON - ago, data={"message": f"{ago} s ago"})
    found = rig.ask(errors, GroupFilter(None, NOON - 30, NOON - 10), 100)
    assert [group["message"] for group in found["errors"]] == ["30 s ago"]
    assert found["kept"] == 1
