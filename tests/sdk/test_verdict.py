"""Interpretation of answers, pauses between retries, and timestamps, without a server."""

from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.sdk.backoff import Backoff
from analytics.sdk.items import rfc3339
from analytics.sdk.outcome import ACCEPTED, DUPLICATE, Outcome
from analytics.sdk.transport import Answer, retry_after
from analytics.sdk.verdict import Denied, Settled, Split, TryAgain, judge


def receipt(accepted: Any = 0, duplicates: Any = 0, rejected: Any = 0, errors: Any = ()) -> dict[str, Any]:
    return {"accepted": accepted, "duplicates": duplicates, "rejected": rejected, "errors": errors}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(200, receipt(2)), Settled([ACCEPTED] * 2)),
        (Answer(200, receipt(0, 2)), Settled([DUPLICATE] * 2)),
        (Answer(200, receipt(1, 1)), Settled([ACCEPTED] * 2)),
        (
            Answer(200, receipt(0, 1, 1, [{"index": 0, "code": "no", "message": "never", "field": "type"}])),
            Settled([Outcome("rejected", "no", "type: never"), DUPLICATE]),
        ),
        (Answer(200, receipt(1, 0, 1, 5)), Split()),
        (Answer(200, receipt(1, 0, 1, [5, {"index": "0"}, {"index": 2}, {"index": -1}])), Split()),
        (Answer(400, receipt(0, 0, 2, [])), Split()),
        (Answer(400, {"error": {"code": "malformed_json"}}), Split()),
        (Answer(413), Split()),
        (Answer(422), Split()),
        (Answer(0, says="no answer"), TryAgain("no answer")),
        (Answer(429, None, 7.0, "HTTP 429"), TryAgain("HTTP 429", 7.0)),
        (Answer(503, {"error": {"message": "soon"}}, 1.0, "HTTP 503"), TryAgain("HTTP 503, soon", 1.0)),
        (Answer(302, says="HTTP 302, moved to /login"), TryAgain("HTTP 302, moved to /login")),
        (
            Answer(401, {"error": {"code": "unknown_key", "message": "no"}}, says="HTTP 401"),
            Denied("HTTP 401, no", Outcome("rejected", "unknown_key", "HTTP 401, no")),
        ),
        (Answer(403, says="HTTP 403"), Denied("HTTP 403", Outcome("rejected", "http_403", "HTTP 403"))),
        (Answer(404, {"error": "odd"}, says="HTTP 404"), Settled([Outcome("rejected", "http_404", "HTTP 404")] * 2)),
    ],
)
def test_an_answer_determines_the_outcome_of_items(answer: Answer, verdict: Any) -> None:
    assert judge(answer, 2, receipt=True) == verdict


@pytest.mark.parametrize(
    "body", [None, {}, receipt(3), receipt(True, 1), receipt(-1, 3), receipt(1.0, 1), receipt("2")]
)
def test_an_answer_that_is_not_a_receipt_causes_a_retry(body: Any) -> None:
    assert isinstance(judge(Answer(200, body), 2, receipt=True), TryAgain)


@pytest.mark.parametrize("body", [None, {}, {"welcome": "to our hotel"}])
def test_a_heartbeat_is_accepted_if_the_answer_says_so(body: Any) -> None:
    assert isinstance(judge(Answer(200, body), 1, receipt=False), TryAgain)
    assert judge(Answer(200, {"message": "heartbeat recorded"}), 1, receipt=False) == Settled([ACCEPTED])


def test_a_single_item_is_never_split() -> None:
    for status in (400, 413, 422):
        assert judge(Answer(status, says="no"), 1, receipt=True) == Settled(
            [Outcome("rejected", f"http_{status}", "no")]
        )


def test_pauses_grow_to_half_a_minute_and_are_reset() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.failed(None) for _ in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [backoff.failed(None) for _ in range(5000)][-1] == 30
    backoff.succeeded()
    assert backoff.failed(None) == 0.25


def test_jitter_is_full_and_added_to_retry_after() -> None:
    assert Backoff(lambda: 0.0).failed(None) == 0
    assert Backoff(lambda: 0.0).failed(2.0) == 2
    assert 2 < Backoff(lambda: 1.0).failed(2.0) < 3
    assert Backoff(lambda: 0.0).failed(1e9) == 3600


def test_a_retry_after_of_zero_still_causes_a_pause() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.failed(0.0) for _ in range(4)] == [0.25, 0.5, 1, 2]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "9" * 400}, float("inf")),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 15 Jan 2024 10:30:05 GMT"}, 5),
        ({"Retry-After": "Mon, 15 Jan 2024 10:29:00 GMT"}, 0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"}, None),
        ({"Retry-After": "Mon, 15 Jan 2018 00:00:20 GMT", "Date": "Mon, 15 Jan 2018 00:00:00 GMT"}, 20),
        ({"Retry-After": "Mon, 15 Jan 2024 10:30:05 GMT", "Date": "today"}, None),
    ],
)
def test_retry_after_is_parsed(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, datetime(2024, 1, 15, 10, 30, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2024, 1, 15, 10, 30, tzinfo=UTC), "2024-01-15T10:30:00.000Z"),
        (1705314600.25, "2024-01-15T10:30:00.250Z"),
        ("2024-01-15T10:30:00+01:00", "2024-01-15T10:30:00+01:00"),
    ],
)
def test_times_are_formatted_for_the_service(when: Any, text: str) -> None:
    assert rfc3339(when) == text
