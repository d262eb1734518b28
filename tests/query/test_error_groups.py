"""Groups of errors by their fingerprints in the answer of /errors: their sources, and what people say about them."""

from typing import Any

import msgspec
import pytest

from analytics.kinds import LOGS, SPANS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log_lines import NewLogLine
from analytics.query.error_groups import GroupFilter
from analytics.query.errors import errors
from analytics.resources import NewChange
from analytics.spans import NewSpan
from analytics.state.error_groups import MOST_SAMPLES
from tests.state.rig import HOUR, Rig, batch, event


def groups(
    rig: Rig,
    service: str | None = None,
    start: float | None = None,
    end: float | None = None,
    state: str | None = None,
    fingerprint: str | None = None,
) -> list[Any]:
    found: list[Any] = rig.ask(errors, GroupFilter(service, start, end, state, fingerprint), 100)["groups"]
    return found


def fail(rig: Rig, version: str = "1.4.2", order: int = 17, trace: int = 1) -> None:
    """Record a span with an exception."""
    named = {"exception.type": "PaymentError", "exception.message": f"order {order} failed"}
    exception = [{"time": 1, "name": "exception", "attributes": named}]
    now = round(rig.clock.wall() * 1e9)
    span = NewSpan(
        f"{trace:032x}",
        f"{trace:016x}",
        "payment",
        "POST /pay",
        now,
        now,
        status=2,
        user_id="ann",
        resource=msgspec.Raw(msgspec.json.encode({"service.version": version})),
        events=msgspec.Raw(msgspec.json.encode(exception)),
    )
    rig.recorder.record_batch(SPANS, batch(span))


def choose(rig: Rig, fingerprint: str, state: str) -> None:
    rig.recorder.change(NewChange("errors", fingerprint, {"state": state}))


def test_events_spans_and_lines_are_grouped_by_fingerprint() -> None:
    rig = Rig()
    rig.events(
        event("error", "shop", data={"message": "card 17 was declined"}),
        event("error", "shop", data={"message": "card 18 was declined"}),
        event("request", "shop", data={"endpoint": "/pay", "status": 503}),
        event("request", "shop", data={"endpoint": "/pay", "status": 200}),
    )
    fail(rig, order=1, trace=1)
    fail(rig, order=2, trace=2)
    rig.recorder.record_batch(
        LOGS, batch(NewLogLine("shop", "lost 3 orders", None, 17), NewLogLine("shop", "x", None, 9))
    )
    found = {(row["type"], row["message"]): row for row in groups(rig)}
    counts = {key: row["count"] for key, row in found.items()}
    assert counts == {
        ("error", "card <_> was declined"): 2,
        ("HTTP 503", "/pay"): 1,
        ("PaymentError", "order <_> failed"): 2,
        ("log line", "lost <_> orders"): 1,
    }
    row = found["PaymentError", "order <_> failed"]
    assert (row["services"], row["versions"], row["users"]) == ({"payment": 2}, ["1.4.2"], 1)
    assert (row["sample"]["message"], row["sample"]["trace_id"]) == ("order 2 failed", f"{2:032x}")
    assert row["state"] == "open"


def test_error_events_are_told_apart_by_the_type_and_the_top_frame_of_their_exception() -> None:
    rig = Rig()

    def thrown(name: str, place: str) -> dict[str, str]:
        return {"error": name, "message": "no 17", "stack": f"{name}: no 17\n    at {place} (http://shop/a.js:7:1)"}

    places = (("TypeError", "pay"), ("TypeError", "pay"), ("TypeError", "load"), ("RangeError", "pay"))
    rig.events(*(event("error", "shop", data=thrown(*each)) for each in places))
    rig.event("error", "shop", data={"message": "no 18", "error": "card 7 was declined"})
    counts = {(row["type"], row["frame"]): row["count"] for row in groups(rig)}
    assert counts == {
        ("TypeError", "pay (http://shop/a.js"): 2,
        ("TypeError", "load (http://shop/a.js"): 1,
        ("RangeError", "pay (http://shop/a.js"): 1,
        ("error", None): 1,
    }


def test_errors_of_a_group_are_counted_by_service_and_time() -> None:
    rig = Rig()
    for service, minutes in (("shop", 0), ("shop", 10), ("cart", 10), ("shop", 30)):
        rig.event("error", service, data={"message": "no 7"}, at=rig.clock.wall() - HOUR + minutes * 60)
    start = rig.clock.wall() - HOUR

    def counts(*asked: Any) -> list[int]:
        return [row["found"]["count"] for row in groups(rig, *asked)]

    assert (counts(), counts("shop"), counts("cart")) == ([4], [3], [1])
    assert counts(None, start, start + 601) == [3]
    assert counts("shop", start + 1, start + 1_000) == [1]
    assert counts("cart", start + 1_000) == counts(None, start + 60, start + 300) == [], "none in between"
    (row,) = groups(rig, "shop", start + 1)
    assert (row["count"], row["found"]["last"]) == (4, row["last"])


def test_groups_are_filtered_by_service_and_time() -> None:
    rig = Rig()
    rig.event("error", "shop", data={"message": "a"})
    now = rig.clock.wall()
    fail(rig)
    assert [row["type"] for row in groups(rig, "shop")] == ["error"]
    assert len(groups(rig, None, now, now + 1)) == 2
    assert not groups(rig, None, now + 1)
    assert not groups(rig, None, None, now - HOUR)


def test_a_resolved_group_that_comes_back_is_regressed_in_the_version_of_its_return() -> None:
    rig = Rig()
    fail(rig, "1.4.1", trace=1)
    (row,) = groups(rig)
    rig.clock.advance(60)
    choose(rig, row["fingerprint"], "resolved")
    (row,) = groups(rig)
    assert row["state"] == "resolved"
    assert "regressed_in" not in row
    rig.clock.advance(60)
    fail(rig, "1.4.2", trace=2)
    rig.clock.advance(60)
    fail(rig, "1.4.3", trace=3)
    (row,) = groups(rig)
    assert (row["state"], row["regressed_in"], row["count"]) == ("regressed", "1.4.2", 3)
    choose(rig, row["fingerprint"], "open")
    assert groups(rig)[0]["state"] == "open"


def test_a_muted_group_stays_muted() -> None:
    rig = Rig()
    fail(rig, trace=1)
    choose(rig, groups(rig)[0]["fingerprint"], "muted")
    rig.clock.advance(60)
    fail(rig, trace=2)
    assert (groups(rig)[0]["state"], groups(rig)[0]["count"]) == ("muted", 2)


@pytest.mark.parametrize("state", ["resolved", "muted"])
def test_a_restored_checkpoint_has_the_same_groups_and_states(state: str) -> None:
    rig, copy = Rig(), Rig(starts=False)
    fail(rig)
    choose(rig, groups(rig)[0]["fingerprint"], state)
    checkpoint = Checkpoint(rig.state, rig.recorder)
    Checkpoint(copy.state, copy.recorder).restore(list(checkpoint.parts(checkpoint.take_unsaved())))
    assert groups(copy) == groups(rig)
    assert not checkpoint.take_unsaved().error_groups
    fail(rig, trace=2)
    assert checkpoint.take_unsaved().error_groups


def test_groups_are_asked_for_by_their_state() -> None:
    rig = Rig()
    for number, state in enumerate(("open", "resolved", "muted", "returned")):
        rig.event("error", "shop", data={"message": f"{state} {number}"})
    names = {row["message"].split()[0]: row["fingerprint"] for row in groups(rig)}
    for name, state in (("resolved", "resolved"), ("muted", "muted"), ("returned", "resolved")):
        choose(rig, names[name], state)
    rig.clock.advance(60)
    rig.event("error", "shop", data={"message": "returned 9"})
    asked = ("open", "resolved", "muted", "regressed", "unresolved")
    found = {state: sorted(row["message"].split()[0] for row in groups(rig, state=state)) for state in asked}
    assert found == {
        "open": ["open"],
        "resolved": ["resolved"],
        "muted": ["muted"],
        "regressed": ["returned"],
        "unresolved": ["open", "returned"],
    }


def test_a_group_is_assigned_to_somebody() -> None:
    rig = Rig()
    fail(rig)
    (row,) = groups(rig)
    assert row["assignee"] is None
    rig.recorder.change(NewChange("errors", row["fingerprint"], {"state": "open", "assignee": "ada"}))
    (row,) = groups(rig)
    assert (row["state"], row["assignee"]) == ("open", "ada")


def test_a_group_by_its_fingerprint_has_its_newest_errors() -> None:
    rig = Rig()
    rig.event("error", "shop", data={"message": "another"})
    for number in range(1, MOST_SAMPLES + 3):
        rig.clock.advance(1)
        fail(rig, order=number, trace=number)
    row = groups(rig)[0]
    assert "samples" not in row
    (found,) = groups(rig, fingerprint=row["fingerprint"])
    newest = [f"order {number} failed" for number in range(MOST_SAMPLES + 2, 2, -1)]
    assert [sample["message"] for sample in found["samples"]] == newest
    assert found["samples"][0] == found["sample"]
    assert not groups(rig, fingerprint="0" * 16)
