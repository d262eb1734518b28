"""Answers other than 204 to the sink: each line is taken once, or counted as refused."""

import pytest

from analytics.sinks.influx.client import InfluxAnswer
from tests.sinks.influx.rig import SinkRig
from tests.sinks.influx.test_sink import SHOP, expected, request
from tests.state.rig import MINUTE, NOON


def test_refused_lines_are_counted_shown_and_not_sent_again() -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    body = b'{"error":"partial write: field type conflict dropped=2"}'
    rig.database.answers.append(InfluxAnswer(400, {}, body))
    rig.wait(5 * MINUTE)
    report = rig.sink.report()
    assert report["refused_lines"] == 2
    assert "field type conflict" in (report["last_error"] or "")
    assert "refused 2 lines: 400: partial write" in (rig.sink.trouble() or "")
    assert len(rig.database.bodies) == 1
    rig.wait(10 * MINUTE)
    assert rig.sink.trouble() is None


def test_a_body_that_is_too_large_is_halved_until_it_fits() -> None:
    rig = SinkRig()
    for number in range(50):
        rig.gauge(number, NOON, n=str(number))
    rig.database.most_bytes = 700
    rig.wait(3 * MINUTE)
    assert rig.database.points == expected(rig)
    assert rig.sink.report()["refused_lines"] == 0
    rig.database.bodies.clear()
    rig.gauge(1, rig.clock.wall(), n="1")
    rig.wait(2 * MINUTE)
    assert len(rig.database.bodies) == 1


def test_a_single_line_that_is_too_large_is_refused() -> None:
    rig = SinkRig()
    rig.gauge(1, NOON, n="x" * 900)
    rig.gauge(2, NOON, n="y")
    rig.database.most_bytes = 500
    rig.wait(3 * MINUTE)
    assert rig.sink.report()["refused_lines"] == 1
    assert list(rig.database.of("analytics_minutes", n="y")) == [NOON]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.database.answers.append(InfluxAnswer(status, {"retry-after": "120"}, b""))
    rig.wait(MINUTE + 20)
    assert len(rig.database.bodies) == 1
    rig.wait(110)
    assert len(rig.database.bodies) == 1
    rig.wait(20)
    assert len(rig.database.bodies) > 1
    assert rig.database.of("analytics_minutes", **SHOP)[NOON] == {"count": 1.0, "increase": 1.0}


@pytest.mark.parametrize("status", [401, 403, 404, 500, 302])
def test_nothing_is_lost_while_the_database_does_not_know_the_token_or_the_name(status: int) -> None:
    rig = SinkRig()
    rig.events(request(NOON))  # type: ignore[arg-type]
    rig.database.answers += [InfluxAnswer(status, {}, b'{"code":"x","message":"who?"}')] * 3
    rig.wait(2 * MINUTE)
    rig.wait(5 * MINUTE)
    assert rig.sink.trouble() is None
    assert rig.database.points == expected(rig)
