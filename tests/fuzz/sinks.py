"""Decoders of what InfluxDB and VictoriaMetrics answer to writes and reads."""

import math
from collections.abc import Callable, Mapping

from analytics.influx_url import parse_influx_url
from analytics.query.far.reading import CannotReadBack, FarQuery
from analytics.sinks.influx.client import InfluxAnswer, InfluxClient
from analytics.sinks.influx.reading import InfluxReader
from analytics.sinks.influx.verdict import MOST_WAIT, verdict
from analytics.state.resolution import Resolution
from tests.fakes import FakeClock
from tests.fuzz.decoder import Decoder

NOW = 1_700_000_000
READ = FarQuery(Resolution.MINUTE, "depth", {"n": "a"}, ("last", "count"), NOW, NOW + 120)
STATUSES = (200, 204, 400, 401, 413, 422, 429, 500, 503)
INFLUXQL = (
    b'{"results":[{"statement_id":0,"series":[{"name":"m","tags":{"metric":"depth","n":"a"},'
    b'"columns":["time","last","count"],"values":[[1700000000,1.5,null],[1700000060,-2e3,3]]}]}]}',
    b'{"results":[{"series":[{"columns":["time"],"values":[[1]],"partial":true}],"partial":true}]}',
    b'{"results":[{"error":"database not found"}]}',
    b'{"error":"unable to parse authentication credentials"}',
)
PROMQL = (
    b'{"status":"success","data":{"result":[{"metric":{"__name__":"minutes_count","n":"a","db":"x"},'
    b'"values":[[1700000000,"1.5"],[1700000060.5,"NaN"],[1700000061,"+Inf"]]}]}}',
    b'{"status":"error","errorType":"bad_data","error":"no"}',
)
ERRORS = (
    b'{"error":"partial write: points beyond retention policy dropped=3"}',
    b'{"code":"invalid","message":"unable to parse","line":2}',
    b'{"error":"partial write of line protocol occurred","data":[{"line_number":1,"error_message":"b"}]}',
    b'{"data":{"line_number":1,"error_message":"b"}}',
    b"<html>Bad gateway</html>",
)
WAITS = (b"5", b"Wed, 21 Oct 2015 07:28:00 GMT", b"-1", b"\xb2", b"Mon, 99 Xxx 99999 99:99:99 +9999")


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    errors = [b"%c%b\n%b" % (place, wait, error) for place in range(2, 9) for error in ERRORS for wait in WAITS[:1]]
    errors += [b"%c%b\n" % (6, wait) for wait in WAITS]
    return [
        Decoder("answers to writes", _written, (), errors),
        Decoder("answers in InfluxQL", _reader("http://a/?org=o&bucket=b"), (CannotReadBack,), INFLUXQL),
        Decoder("answers in PromQL", _reader("http://a/?db=b"), (CannotReadBack,), PROMQL),
    ]


class _Answering(InfluxClient):
    """Answers each read with the same body."""

    body = b""

    def get(self, path: str, query: Mapping[str, str]) -> InfluxAnswer:
        return InfluxAnswer(200, {}, self.body)


def _reader(url: str) -> Callable[[bytes], None]:
    client = _Answering(parse_influx_url(url), "")
    reader = InfluxReader(client, FakeClock())

    def read(data: bytes) -> None:
        client.body = data
        for series in reader.read(READ):
            assert all(isinstance(at, int) for at in series.points)

    return read


def _written(data: bytes) -> None:
    """What an answer means: its status by the first byte, then `Retry-After` up to a line feed, and its body."""
    wait, _, body = data[1:].partition(b"\n")
    status = STATUSES[data[0] % len(STATUSES)] if data else 500
    found = verdict(InfluxAnswer(status, {"retry-after": wait.decode("latin-1")}, body), NOW)
    assert found.wait is None or (math.isfinite(found.wait) and 0 <= found.wait <= MOST_WAIT), found
