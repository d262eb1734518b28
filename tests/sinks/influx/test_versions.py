"""The HTTP APIs of InfluxDB 2 and 3, as a strict stand-in has them, and the client against real sockets."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from analytics.errors import AnalyticsError
from analytics.influx_url import parse_influx_url
from analytics.query.far.reading import FarQuery
from analytics.sinks.influx.client import InfluxClient, InfluxUnreachable, authorization
from analytics.sinks.influx.reading import InfluxReader
from analytics.state.resolution import Resolution
from tests.fakes import FakeClock
from tests.server import free_port
from tests.sinks.influx.rig import SinkRig
from tests.sinks.influx.standin import TOKEN, StandIn, running
from tests.sinks.influx.test_sink import expected
from tests.state.rig import MINUTE, NOON


@pytest.fixture(params=[2, 3])
def stand_in(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    with running(request.param) as found:
        yield found


def sink_rig(stand_in: StandIn, token: str = TOKEN) -> SinkRig:
    rig = SinkRig()
    database: Any = InfluxClient(parse_influx_url(stand_in.sink_url), token)
    database.now = 0.0
    rig.database = database
    rig.make_sink()
    return rig


def test_everything_is_written_in_bodies_that_it_takes(stand_in: StandIn) -> None:
    rig = sink_rig(stand_in)
    for number in range(60):
        rig.gauge(number, NOON, n=str(number), odd="a b,c=d\\e'\"é")
    rig.wait(3 * MINUTE)
    assert stand_in.points == expected(rig)
    assert {413, 204} <= set(stand_in.statuses)
    assert rig.sink.trouble() is None
    rig.database.close()


def test_refused_lines_cost_themselves_alone(stand_in: StandIn) -> None:
    rig = sink_rig(stand_in)
    stand_in.refuses_metric = "depth"
    rig.gauge(1, NOON)
    rig.wait(3 * MINUTE, every=60.0)
    assert rig.sink.report()["refused_lines"] == 1
    assert (422 if stand_in.version == 2 else 400) in stand_in.statuses
    assert stand_in.statuses.count(204) <= 3, "it is not tried again"
    rig.database.close()


def test_a_busy_server_is_asked_again_when_it_says(stand_in: StandIn) -> None:
    rig = sink_rig(stand_in)
    rig.gauge(1, NOON)
    stand_in.next += [(429, {"Retry-After": "40"}), (503, {})]
    rig.wait(80)
    assert stand_in.statuses == [429]
    rig.wait(2 * MINUTE)
    assert stand_in.points == expected(rig)
    rig.database.close()


def test_a_wrong_token_loses_nothing(stand_in: StandIn, tmp_path: Any) -> None:
    secret = tmp_path / "token"
    secret.write_text("wrong")
    rig = sink_rig(stand_in, f"file:{secret}")
    rig.gauge(1, NOON)
    rig.wait(2 * MINUTE)
    assert "401: unauthorized access" in (rig.sink.trouble() or "")
    secret.write_text(f"{TOKEN}\n")
    rig.wait(3 * MINUTE)
    assert stand_in.points == expected(rig)
    secret.unlink()
    rig.database.close()
    rig.gauge(1, rig.clock.wall())
    rig.wait(2 * MINUTE)
    assert "cannot be read" in (rig.sink.trouble() or "")
    rig.database.close()


def test_figures_are_read_back_in_influxql(stand_in: StandIn) -> None:
    rig = sink_rig(stand_in)
    rig.gauge(1.5, NOON, n="it's", other="x")
    rig.gauge(2.5, NOON + 5, n="it's", other="y")
    rig.gauge(9.0, NOON, n="no")
    rig.wait(3 * MINUTE)
    reader = InfluxReader(InfluxClient(parse_influx_url(stand_in.sink_url), TOKEN), FakeClock())
    found = reader.read(FarQuery(Resolution.MINUTE, "depth", {"n": "it's"}, ("last", "count"), NOON, NOON + MINUTE))
    stand_in_values = {dict(each.labels)["other"]: each.points for each in found}
    assert stand_in_values == {"x": {NOON: {"last": 1.5, "count": 1.0}}, "y": {NOON: {"last": 2.5, "count": 1.0}}}
    reader._client.close()
    rig.database.close()


@pytest.mark.parametrize(
    ("version", "token", "wanted"),
    [
        (1, "", {}),
        (1, "user:pass", {"Authorization": "Basic dXNlcjpwYXNz"}),
        (1, "jwt", {"Authorization": "Bearer jwt"}),
        (2, "a:b", {"Authorization": "Token a:b"}),
        (3, "apiv3_x", {"Authorization": "Bearer apiv3_x"}),
    ],
)
def test_the_token_has_the_form_of_its_version(version: int, token: str, wanted: dict[str, str]) -> None:
    assert authorization(version, token) == wanted


def test_a_lost_idle_connection_is_opened_again_and_counted() -> None:
    with running(3) as stand_in:
        client = InfluxClient(parse_influx_url(stand_in.sink_url), TOKEN)
        assert client.write("analytics_minutes,metric=a sum=1.0 60\n").status == 204
        assert client.losses == 0
        assert client._connection is not None
        client._connection.sock.shutdown(socket.SHUT_RDWR)
        assert client.write("analytics_minutes,metric=a sum=2.0 60\n").status == 204
        assert client.losses == 1
        client.close()


def test_no_server_is_an_error_with_a_reason() -> None:
    client = InfluxClient(parse_influx_url(f"http://127.0.0.1:{free_port()}?db=a"), "")
    with pytest.raises(InfluxUnreachable, match="refused"):
        client.write("")


def test_a_reference_that_leads_nowhere_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    client = InfluxClient(parse_influx_url("http://127.0.0.1:1?db=a"), "${NO_SUCH_TOKEN}")
    with pytest.raises(AnalyticsError, match="NO_SUCH_TOKEN is not set"):
        client.write("")
