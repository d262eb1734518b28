"""Recording points: rates, bound keys, budgets of names, redaction, slices and receipts."""

from typing import Any

import pytest

from analytics.doors.point_recorder import POINTS_OF_ENTRY, PointBatch
from analytics.errors import MalformedBody, TooLarge, Unavailable
from analytics.identity import INGEST, KEY, Identity, NameBudget
from analytics.keys.rates import TooManyRequests
from analytics.points import COUNTER, GAUGE, Exemplar, NewPoint, labels_of
from analytics.records import ItemError
from tests.doors.point_log import FakeLog, environ_of, recorder_of, shown


def point(value: float = 1.0, kind: str = GAUGE, **labels: str) -> NewPoint:
    return NewPoint(labels_of({"__name__": "a", **labels}.items()), kind, value)


def batch(*points: NewPoint, errors: tuple[ItemError, ...] = ()) -> PointBatch:
    return PointBatch(list(points), range(len(points)), list(errors))


def test_points_and_errors_are_counted_and_keep_their_places() -> None:
    log = FakeLog(lambda point: "bad" if point.value == 2 else None)
    sent = PointBatch([point(1), point(2)], [0, 3], [ItemError(1, "worse", "It is worse.")])
    receipt = recorder_of(log).record(sent)
    assert (receipt.accepted, receipt.rejected, receipt.unavailable) == (1, 2, None)
    assert [(error.index, error.code) for error in receipt.errors] == [(1, "worse"), (3, "bad")]
    assert sorted(log.rejected) == ["bad", "worse"]


def test_many_points_are_recorded_in_slices_whose_errors_are_joined() -> None:
    log = FakeLog(lambda point: "bad" if point.value == POINTS_OF_ENTRY + 1 else None)
    receipt = recorder_of(log).record(batch(*map(point, range(2 * POINTS_OF_ENTRY + 1))))
    assert list(map(len, log.entries)) == [POINTS_OF_ENTRY, POINTS_OF_ENTRY - 1, 1]
    assert (receipt.accepted, receipt.rejected) == (2 * POINTS_OF_ENTRY, 1)
    assert [error.index for error in receipt.errors] == [POINTS_OF_ENTRY + 1]


def test_a_receipt_lists_the_first_hundred_errors() -> None:
    receipt = recorder_of(FakeLog(lambda point: "bad")).record(batch(*map(point, range(2 * POINTS_OF_ENTRY))))
    assert receipt.rejected == 2 * POINTS_OF_ENTRY
    assert [error.index for error in receipt.errors] == list(range(100))


def test_a_log_that_is_full_at_once_refuses_the_request() -> None:
    with pytest.raises(Unavailable):
        recorder_of(FakeLog(room=0)).record(batch(point()))


def test_a_log_that_fills_up_meanwhile_leaves_a_receipt_that_says_so() -> None:
    log = FakeLog(room=1)
    receipt = recorder_of(log).record(batch(*map(point, range(3 * POINTS_OF_ENTRY))))
    assert (receipt.accepted, receipt.rejected) == (POINTS_OF_ENTRY, 2 * POINTS_OF_ENTRY)
    assert receipt.unavailable is not None
    assert receipt.unavailable.headers == {"Retry-After": "5"}
    assert log.rejected == ["unavailable"] * POINTS_OF_ENTRY, "the recorder itself counted the slice that failed"


def test_every_item_counts_against_the_rate_of_its_sender() -> None:
    admitted: list[int] = []
    sender = Identity("a", admit=admitted.append)
    recorder_of(FakeLog()).record(batch(point(), point(), errors=(ItemError(2, "bad", "It is bad."),)), sender)
    assert admitted == [3]


def test_a_sender_beyond_its_rate_records_nothing() -> None:
    def admit(items: int) -> None:
        raise TooManyRequests("Too many.")

    log = FakeLog()
    with pytest.raises(TooManyRequests):
        recorder_of(log).record(batch(point(), point()), Identity("a", admit=admit))
    assert (log.points, log.rejected) == ([], ["rate_limited"] * 2)


def test_a_body_that_cannot_be_decoded_costs_its_sender_too() -> None:
    admitted: list[int] = []
    log = FakeLog()

    def decode() -> PointBatch:
        raise MalformedBody("It is bad.", code="malformed_snappy")

    with pytest.raises(MalformedBody):
        recorder_of(log).receive(environ_of(b"", **{KEY: Identity("a", admit=admitted.append)}), decode)
    assert (admitted, log.rejected) == ([1], ["malformed_snappy"])


def test_a_request_may_have_that_many_points() -> None:
    log = FakeLog()
    assert recorder_of(log, most=2).receive(environ_of(b""), lambda: batch(point(), point())).accepted == 2
    with pytest.raises(TooLarge, match="more than 2 points"):
        recorder_of(log, most=2).receive(environ_of(b""), lambda: batch(point(), point(), point()))
    assert (len(log.points), log.rejected) == (2, ["batch_too_large"])


def test_a_bound_key_sends_points_of_its_services_alone() -> None:
    log = FakeLog()
    sender = Identity("a", frozenset({INGEST}), frozenset({"shop"}))
    receipt = recorder_of(log).record(batch(point(service="shop"), point(service="other"), point()), sender)
    assert [(error.index, error.code) for error in receipt.errors] == [
        (1, "service_not_allowed"),
        (2, "service_not_allowed"),
    ]
    assert log.values == {'a{service="shop"}': 1.0}


def test_a_key_with_a_budget_creates_that_many_series() -> None:
    log = FakeLog()
    sender = Identity("a", frozenset({INGEST}), names=NameBudget(2))
    receipt = recorder_of(log).record(batch(point(b="1"), point(b="2"), point(b="3"), point(b="1")), sender)
    assert [(error.index, error.code) for error in receipt.errors] == [(2, "too_many_new_names")]
    assert (receipt.accepted, receipt.rejected) == (3, 1)


RULES: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"fields": ["email"], "applies_to": ["tags"]}, {"Email": "ann"}, 'a{Email="***"}'),
    ({"fields": ["email"], "applies_to": ["tags"], "action": "drop"}, {"email": "ann", "b": "1"}, 'a{b="1"}'),
    ({"patterns": ["email"], "applies_to": ["tags"]}, {"b": "ann@shop.example"}, 'a{b="***"}'),
    ({"fields": ["email"], "applies_to": ["data"]}, {"email": "ann"}, 'a{email="ann"}'),
    ({"fields": ["email"], "applies_to": ["tags"]}, {"name": "email", "value": "ann"}, 'a{name="email",value="***"}'),
]


@pytest.mark.parametrize(("rule", "labels", "expected"), RULES)
def test_values_of_labels_are_redacted_as_tags(rule: dict[str, Any], labels: dict[str, str], expected: str) -> None:
    log = FakeLog()
    recorder_of(log, rule=rule).record(
        batch(*(NewPoint(labels_of({"__name__": "a", **labels}.items()), GAUGE, 1.0) for _ in range(2)))
    )
    assert list(map(shown, log.points)) == [expected, expected]


def test_labels_of_exemplars_are_redacted_as_tags() -> None:
    log, labels = FakeLog(), labels_of({"trace_id": "ab", "password": "secret"}.items())
    sent = NewPoint(labels_of({"__name__": "a"}.items()), GAUGE, 1.0, exemplars=(Exemplar(labels, 2.0, 3.0),))
    recorder_of(log, rule={"fields": ["password"]}).record(batch(sent))
    ((exemplar,),) = [each.exemplars for each in log.points]
    assert (dict(exemplar.labels)["trace_id"], exemplar.value, exemplar.at) == ("ab", 2.0, 3.0)
    assert "secret" not in str(exemplar)


def test_totals_of_series_that_redaction_joins_are_told_apart() -> None:
    log = FakeLog()
    points = [point(1, COUNTER, user=user) for user in ("ann", "bob", "ann")]
    for each in points:
        each.is_cumulative = True
    recorder_of(log, rule={"fields": ["user"], "applies_to": ["tags"]}).record(batch(*points, point(c="1")))
    sources = [each.source for each in log.points]
    assert sources[0] == sources[2] != sources[1]
    assert "ann" not in "".join(sources)
    assert sources[3] == ""
