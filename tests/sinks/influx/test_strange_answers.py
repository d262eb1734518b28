"""Answers to reads that are not what they should be are an error of the database, and no other."""

from collections.abc import Mapping

import pytest

from analytics.influx_url import parse_influx_url
from analytics.query.far.reading import CannotReadBack, FarQuery
from analytics.sinks.influx.client import InfluxAnswer, InfluxClient
from analytics.sinks.influx.reading import InfluxReader
from analytics.state.resolution import Resolution
from tests.fakes import FakeClock

READ = FarQuery(Resolution.MINUTE, "depth", {}, ("last",), 0, 60)


class Answering(InfluxClient):
    """Answers every read with the same body."""

    def __init__(self, url: str, body: bytes) -> None:
        super().__init__(parse_influx_url(url), "")
        self._body = body

    def get(self, path: str, query: Mapping[str, str]) -> InfluxAnswer:
        return InfluxAnswer(200, {}, self._body)


def influxql(values: bytes) -> bytes:
    return b'{"results":[{"series":[{"columns":["time","last"],"values":%b}]}]}' % values


def promql(series: bytes) -> bytes:
    return b'{"status":"success","data":{"result":[%b]}}' % series


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"error":"\xd4"}',
        b'{"a":' * 100_000,
        influxql(b"[[]]"),
        influxql(b"[[1,2,3]]"),
        influxql(b"[[1]]"),
        influxql(b'[["a",1]]'),
    ],
)
def test_in_influxql(body: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotReadBack, match="not what it should be"):
        InfluxReader(Answering("http://a/?org=o&bucket=b", body), FakeClock()).read(READ)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        promql(b'{"metric":{},"values":[]}'),
        promql(b'{"metric":{"__name__":"a"},"values":[[1,"x"]]}'),
        promql(b'{"metric":{"__name__":"a"},"values":[[1]]}'),
    ],
)
def test_in_promql(body: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotReadBack, match="not what it should be"):
        InfluxReader(Answering("http://a/?db=b", body), FakeClock()).read(READ)
    assert capfd.readouterr().err == ""
