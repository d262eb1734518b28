"""Receipts: the outcome of every item; dropped items are never reported as a success."""

from typing import Any

import pytest

from tests.edge.wire import check_problem, counted, unique
from tests.server import Server


def event(**more: Any) -> dict[str, Any]:
    return {"type": "search", "service": "receipts", **more}


def metric(**more: Any) -> dict[str, Any]:
    return {"name": "depth", "value": 1, **more}


KINDS = pytest.mark.parametrize(("kind", "make"), [("events", event), ("metrics", metric)])


@KINDS
def test_each_item_is_accepted_a_duplicate_or_rejected(shared_server: Server, kind: str, make: Any) -> None:
    old, new = unique(kind), unique(kind)
    assert shared_server.post(f"/{kind}", make(id=old)).status_code == 201
    batch = [make(id=old), make(id=new), make(id=new), make(), make(more=1), make(id=old)]
    with counted(shared_server, kind, accepted=2, duplicates=3, drops={"validation_failed": 1}):
        answer = shared_server.post(f"/{kind}", batch)
    assert answer.status_code == 200
    receipt = answer.json()
    assert list(receipt) == ["accepted", "duplicates", "rejected", "errors"]
    assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (2, 3, 1)
    assert receipt["errors"] == [
        {"index": 4, "code": "validation_failed", "message": "Unknown field.", "field": "more"}
    ]


@KINDS
def test_a_batch_of_duplicates_is_a_success(shared_server: Server, kind: str, make: Any) -> None:
    ids = [unique(kind) for _ in range(3)]
    batch = [make(id=id_) for id_ in ids]
    with counted(shared_server, kind, accepted=3, duplicates=3):
        assert shared_server.post(f"/{kind}", batch).json()["accepted"] == 3
        again = shared_server.post(f"/{kind}", batch)
    assert again.status_code == 200
    assert again.json() == {"accepted": 0, "duplicates": 3, "rejected": 0, "errors": []}


@KINDS
def test_a_single_duplicate_is_a_200_with_its_id(shared_server: Server, kind: str, make: Any) -> None:
    id_ = unique(kind)
    with counted(shared_server, kind, accepted=1, duplicates=2):
        answers = [shared_server.post(f"/{kind}", make(id=id_)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert {answer.json()["id"] for answer in answers} == {id_}
    assert "before" in answers[1].json()["message"]


def test_events_and_metrics_have_separate_ids(shared_server: Server) -> None:
    id_ = unique("both")
    assert shared_server.post("/events", event(id=id_)).status_code == 201
    assert shared_server.post("/metrics", metric(id=id_)).status_code == 201


@KINDS
def test_the_id_of_a_rejected_item_can_be_used_again(shared_server: Server, kind: str, make: Any) -> None:
    id_ = unique(kind)
    future = "2999-01-01T00:00:00Z"
    with counted(shared_server, kind, accepted=1, drops={"timestamp_in_future": 1, "validation_failed": 1}):
        assert shared_server.post(f"/{kind}", make(id=id_, timestamp=future)).status_code == 422
        assert shared_server.post(f"/{kind}", make(id=id_, more=1)).status_code == 422
        assert shared_server.post(f"/{kind}", make(id=id_)).status_code == 201


@KINDS
def test_a_batch_of_rejected_items_is_a_400_with_a_receipt(shared_server: Server, kind: str, make: Any) -> None:
    batch = [make(more=1), make(timestamp="2999-01-01T00:00:00Z")]
    with counted(shared_server, kind, drops={"validation_failed": 1, "timestamp_in_future": 1}):
        answer = shared_server.post(f"/{kind}", batch)
    problem = check_problem(answer, 400, "nothing_accepted")
    assert "timestamp_in_future" in problem["message"]
    receipt = answer.json()
    assert (receipt["accepted"], receipt["duplicates"], receipt["rejected"]) == (0, 0, 2)
    assert [(error["index"], error["field"]) for error in receipt["errors"]] == [(0, "more"), (1, "timestamp")]


@pytest.mark.parametrize("bad", [100, 101, 5_000])
def test_the_first_hundred_errors_are_listed_and_all_are_counted(shared_server: Server, bad: int) -> None:
    batch = [event(), *[event(more=1)] * (bad - 1), event(timestamp="2999-01-01T00:00:00Z"), event()]
    drops = {"validation_failed": bad - 1, "timestamp_in_future": 1}
    with counted(shared_server, accepted=2, drops=drops):
        receipt = shared_server.post("/events", batch).json()
    assert (receipt["accepted"], receipt["rejected"], len(receipt["errors"])) == (2, bad, 100)
    indexes = [error["index"] for error in receipt["errors"]]
    assert indexes == list(range(1, 101))


def test_a_batch_of_rejected_items_counts_all_reasons_and_lists_a_hundred_errors(shared_server: Server) -> None:
    batch = [*[event(more=1)] * 150, event(timestamp="2999-01-01T00:00:00Z")]
    with counted(shared_server, drops={"validation_failed": 150, "timestamp_in_future": 1}):
        answer = shared_server.post("/events", batch)
    check_problem(answer, 400, "nothing_accepted")
    assert answer.json()["rejected"] == 151


def test_acknowledged_events_are_the_ones_returned(shared_server: Server) -> None:
    service = unique("acknowledged")
    batch = [event(service=service, data={"n": n}) if n % 3 else {"type": "x", "n": n} for n in range(300)]
    receipt = shared_server.post("/events", batch).json()
    stored = shared_server.get(f"/events?service={service}&limit=1000")["events"]
    assert receipt["accepted"] == len(stored) == 200
    assert [item["data"]["n"] for item in reversed(stored)] == [n for n in range(300) if n % 3]
    assert shared_server.get("/stats")["events_by_service"][service] == 200
