"""A strict stand-in for InfluxDB 2 and 3, made from their documentation: it refuses whatever they would refuse.

Sources: docs.influxdata.com/influxdb/v2/api/write-data/ and docs.influxdata.com/influxdb3/core/api/write-data/
"""

import gzip
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from tests.sinks.influx.fake_database import points_of
from tests.sinks.influx.servers import Figures

TOKEN = "s3cret-token"
MOST_BYTES = 2_000
PATHS = {2: "/api/v2/write", 3: "/api/v3/write_lp"}
PARAMETERS = {
    2: {"org": "shop", "bucket": "analytics", "precision": "s"},
    3: {"db": "analytics", "precision": "second", "accept_partial": "true"},
}
SCHEMES = {2: "Token", 3: "Bearer"}


class StandIn:
    """One server.

    Attributes:
        points: everything that was taken.
        types: of version 3, the kind of each column, which never changes.
        next: statuses to answer with, before writes are looked at again.
    """

    def __init__(self, version: int) -> None:
        self.version = version
        self.points: Figures = {}
        self.next: deque[tuple[int, Mapping[str, str]]] = deque()
        self.statuses: list[int] = []
        self.refuses_metric = ""
        self.port = 0

    @property
    def sink_url(self) -> str:
        query = "org=shop&bucket=analytics" if self.version == 2 else "database=analytics"
        return f"http://127.0.0.1:{self.port}?{query}"

    def write(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], Any]:
        split = urlsplit(path)
        if split.path != PATHS[self.version]:
            return self._error(404, "not found", f"no such path: {split.path}")
        if headers.get("Authorization") != f"{SCHEMES[self.version]} {TOKEN}":
            return self._error(401, "unauthorized", "unauthorized access")
        query = dict(parse_qsl(split.query, strict_parsing=True))
        if self.version == 2 and query.get("bucket") != "analytics":
            return self._error(404, "not found", "bucket not found")
        assert query == PARAMETERS[self.version]
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert headers["Content-Encoding"] == "gzip"
        if self.next:
            status, more = self.next.popleft()
            return status, more, self._error(status, "busy", "busy")[2]
        text = gzip.decompress(body).decode()
        if len(text) > MOST_BYTES:
            return self._error(413, "request too large", "cannot read data: points batch is too large")
        lines = text.splitlines(keepends=True)
        refused = [place for place, line in enumerate(lines) if self._is_refused(line)]
        for place, line in enumerate(lines):
            if place not in refused:
                for key, fields in points_of(line).items():
                    self.points.setdefault(key, {}).update(fields)
        if not refused:
            return 204, {}, None
        if self.version == 2:
            reason = f"failure writing points to database: partial write: field type conflict dropped={len(refused)}"
            return self._error(422, "unprocessable entity", reason)
        data = [{"original_line": lines[place], "line_number": place + 1, "error_message": "invalid column type"}
                for place in refused]  # fmt: skip
        return 400, {}, {"error": "partial write of line protocol occurred", "data": data}

    def query(self, path: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], Any]:
        """InfluxQL of one shape alone."""
        split = urlsplit(path)
        if split.path == "/ping":
            return 204, {}, None
        if split.path != "/query" or headers.get("Authorization") != f"{SCHEMES[self.version]} {TOKEN}":
            return self._error(401, "unauthorized", "unauthorized access")
        query = dict(parse_qsl(split.query))
        assert query.keys() == {"db", "epoch", "q"}
        assert (query["db"], query["epoch"]) == ("analytics", "s")
        found = re.fullmatch(
            r'SELECT ((?:"\w+"(?:, )?)+) FROM "(\w+)" '
            r"WHERE (.*) AND time >= (\d+)0{9} AND time < (\d+)0{9} GROUP BY \*",
            query["q"],
        )
        assert found, query["q"]
        fields = re.findall(r'"(\w+)"', found[1])
        quoted = re.findall(r"\"(\w+)\" = '((?:[^'\\]|\\.)*)'", found[3])
        conditions = {name: re.sub(r"\\(.)", r"\1", value) for name, value in quoted}
        series: dict[frozenset[tuple[str, str]], list[list[Any]]] = {}
        for (name, tags, at), values in sorted(self.points.items(), key=lambda item: item[0][2]):
            fits = all(dict(tags).get(key) == value for key, value in conditions.items())
            if name == found[2] and fits and int(found[4]) <= at < int(found[5]):
                row = [at, *(values.get(field) for field in fields)]
                if any(value is not None for value in row[1:]):
                    series.setdefault(tags, []).append(row)
        shown = [{"name": found[2], "tags": dict(tags), "columns": ["time", *fields], "values": rows}
                 for tags, rows in series.items()]  # fmt: skip
        return 200, {}, {"results": [{"statement_id": 0, **({"series": shown} if shown else {})}]}

    def _is_refused(self, line: str) -> bool:
        return bool(self.refuses_metric) and f"metric={self.refuses_metric}," in line

    def _error(self, status: int, code: str, message: str) -> tuple[int, Mapping[str, str], Any]:
        return status, {}, {"code": code, "message": message} if self.version == 2 else {"error": message}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: ClassVar[StandIn]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(*self.stand_in.write(self.path, self.headers, body))

    def do_GET(self) -> None:
        self._answer(*self.stand_in.query(self.path, self.headers))

    def _answer(self, status: int, headers: Mapping[str, str], body: Any) -> None:
        self.stand_in.statuses.append(status)
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def running(version: int) -> Iterator[StandIn]:
    """The stand-in on a free port."""
    stand_in = StandIn(version)
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        stand_in.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()
