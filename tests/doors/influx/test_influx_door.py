"""The door for line protocol in its three versions: answers, partial writes, precisions, encodings."""

import gzip
from typing import Any

import msgspec
import pytest

from analytics.answer import Answer
from analytics.doors.influx.dialects import INFLUX_1, INFLUX_2, INFLUX_3, Dialect
from analytics.doors.influx.door import InfluxDoor
from analytics.doors.limits import BodyLimits
from analytics.identity import INGEST, KEY, Identity
from analytics.keys.rates import TooManyRequests
from tests.doors.point_log import FakeLog, environ_of, recorder_of

ALL = (INFLUX_1, INFLUX_2, INFLUX_3)
TWO_BAD = b"a n=1\nbad\nb n=2 5\nm n=x\n"


def ask(log: FakeLog, body: bytes, dialect: Dialect = INFLUX_1, query: str = "", **more: Any) -> Answer:
    door = InfluxDoor(dialect, recorder_of(log), BodyLimits(10_000), 100)
    return door(environ_of(body, QUERY_STRING=query, **more))


def said(answer: Answer) -> Any:
    return msgspec.json.decode(answer.body)


@pytest.mark.parametrize("dialect", ALL)
def test_a_write_is_answered_with_no_content(dialect: Dialect) -> None:
    log = FakeLog()
    answer = ask(log, b"cpu,host=a usage=1,idle=2i\n", dialect, "db=x&precision=ms&org=a&bucket=b&rp=autogen")
    assert (answer.status, answer.body) == (204, b"")
    assert log.values == {
        'cpu_usage{host="a",service="unknown"}': 1,
        'cpu_idle{host="a",service="unknown"}': 2,
    }


def test_version_1_keeps_the_valid_lines_and_says_how_many_it_dropped() -> None:
    log = FakeLog()
    answer = ask(log, TWO_BAD)
    assert answer.status == 400
    assert said(answer)["error"].startswith("partial write: unable to parse 'bad' in line 2: missing fields\nunable to")
    assert said(answer)["error"].endswith(" dropped=2")
    assert [point.name for point in log.points] == ["a_n", "b_n"]
    assert log.rejected == ["malformed_line"] * 2


def test_version_2_answers_with_code_and_message() -> None:
    answer = ask(FakeLog(), TWO_BAD, INFLUX_2)
    assert answer.status == 400
    assert said(answer)["code"] == "invalid"
    assert said(answer)["message"].endswith("dropped=2")


def test_version_3_answers_with_each_line() -> None:
    answer = ask(FakeLog(), TWO_BAD, INFLUX_3)
    assert answer.status == 400
    assert said(answer)["error"] == "partial write of line protocol occurred"
    assert [(line["original_line"], line["line_number"]) for line in said(answer)["data"]] == [("bad", 2), ("m", 4)]


def test_version_3_writes_nothing_where_partial_writes_are_not_accepted() -> None:
    log = FakeLog()
    answer = ask(log, TWO_BAD, INFLUX_3, "accept_partial=false")
    assert answer.status == 400
    assert said(answer)["error"] == "parsing failed for write_lp endpoint"
    assert log.points == []


def test_accept_partial_is_true_or_false() -> None:
    log = FakeLog()
    assert ask(log, TWO_BAD, INFLUX_3, "accept_partial=perhaps").status == 400
    assert log.points == []


@pytest.mark.parametrize(("dialect", "status"), [(INFLUX_1, 400), (INFLUX_2, 422), (INFLUX_3, 400)])
def test_what_the_state_refuses_is_a_partial_write_too(dialect: Dialect, status: int) -> None:
    log = FakeLog(lambda point: "too_many_series" if point.name != "m_a" else None)
    answer = ask(log, b"m a=1,b=2,c=3\n", dialect)
    assert answer.status == status
    assert b"too_many_series" in answer.body
    assert [point.name for point in log.points] == ["m_a"]


@pytest.mark.parametrize(
    ("dialect", "precision", "time"),
    [
        (INFLUX_1, "m", 60.0),
        (INFLUX_1, "", 1e-9),
        (INFLUX_2, "us", 1e-6),
        (INFLUX_3, "second", 1.0),
        (INFLUX_3, "", 1.0),
    ],
)
def test_times_have_the_precision_that_the_request_names(dialect: Dialect, precision: str, time: float) -> None:
    log = FakeLog()
    ask(log, b"m n=1 1", dialect, f"precision={precision}")
    assert log.points[0].at == time


@pytest.mark.parametrize(("dialect", "precision"), [(INFLUX_1, "day"), (INFLUX_2, "h"), (INFLUX_3, "m")])
def test_an_unknown_precision_is_refused_with_those_that_exist(dialect: Dialect, precision: str) -> None:
    answer = ask(FakeLog(), b"m n=1", dialect, f"precision={precision}")
    assert answer.status == 400
    assert b"ms" in answer.body


def test_bodies_may_be_gzipped_and_of_any_content_type() -> None:
    log = FakeLog()
    for more in ({"HTTP_CONTENT_ENCODING": "gzip"}, {"HTTP_CONTENT_ENCODING": "gzip", "CONTENT_TYPE": "text/plain"}):
        assert ask(log, gzip.compress(b"m n=1"), INFLUX_2, **more).status == 204
    assert ask(log, b"m n=1", CONTENT_TYPE="application/x-www-form-urlencoded").status == 204
    assert len(log.points) == 3


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"", {}, 400),
        (b"m n=1", {"HTTP_CONTENT_ENCODING": "gzip"}, 400),
        (b"m n=1", {"HTTP_CONTENT_ENCODING": "br"}, 415),
        (b"#" * 10_001, {}, 413),
        (b"m n=1\n" * 101, {}, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_in_the_shape_of_the_version(
    dialect: Dialect, body: bytes, more: dict[str, str], status: int
) -> None:
    answer = ask(FakeLog(), body, dialect, **more)
    assert answer.status == status
    assert said(answer).keys() == (
        {"code", "message"} if dialect is INFLUX_2 else {"error"} | ({"data"} if dialect is INFLUX_3 else set())
    )


def test_the_whole_answer_says_when_to_try_again() -> None:
    answer = ask(FakeLog(room=0), b"m n=1", INFLUX_2)
    assert (answer.status, dict(answer.headers)) == (503, {"Retry-After": "5"})
    assert said(answer)["code"] == "unavailable"


def test_a_sender_above_its_rate_is_told_to_wait() -> None:
    def admit(count: int) -> None:
        raise TooManyRequests("Too many.", headers={"Retry-After": "3"})

    answer = ask(FakeLog(), b"m n=1", INFLUX_2, **{KEY: Identity("a", frozenset({INGEST}), admit=admit)})
    assert (answer.status, dict(answer.headers)) == (429, {"Retry-After": "3"})


def test_a_bound_key_may_send_its_services_alone() -> None:
    log = FakeLog()
    bound = Identity("a", frozenset({INGEST}), services=frozenset({"shop"}))
    answer = ask(log, b"m,service=shop n=1\nm,service=other n=1\nm n=1\n", **{KEY: bound})
    assert answer.status == 400
    assert said(answer)["error"].endswith("dropped=2")
    assert list(log.values) == ['m_n{service="shop"}']


@pytest.mark.parametrize("dialect", ALL)
def test_lines_that_are_no_text_are_shown_with_replacements(dialect: Dialect) -> None:
    answer = ask(FakeLog(), b"m\xff", dialect)
    assert answer.status == 400
    assert b"m?" in answer.body


def test_strings_are_counted_but_are_no_error() -> None:
    log = FakeLog()
    assert ask(log, b'm s="x",n=1\nm s="y"\n').status == 204
    assert log.rejected == ["string_field"] * 2


@pytest.mark.parametrize("dialect", ALL)
def test_too_many_parameters_are_refused(dialect: Dialect) -> None:
    answer = ask(FakeLog(), b"m n=1", dialect, "&".join(["precision=s"] * 21))
    assert answer.status == 400
    assert b"more than 20 parameters" in answer.body
