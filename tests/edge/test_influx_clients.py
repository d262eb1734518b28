"""Clients of InfluxDB against a real server: its Python library, curl, and what Telegraf sends."""

import gzip
import subprocess
import time
from collections.abc import Iterator

import pytest
import requests
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions
from influxdb_client.rest import ApiException
from influxdb_client_3 import InfluxDBClient3
from influxdb_client_3 import Point as Point3
from influxdb_client_3.exceptions.exceptions import InfluxDBError, InfluxDBPartialWriteError

from tests.edge.wire import unique
from tests.server import Server


@pytest.fixture
def client(shared_server: Server) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(shared_server.url, token="any", org="any", enable_gzip=True) as made:
        yield made


def taken(server: Server) -> dict[str, int]:
    """How many points the server has accepted, known already, and rejected."""
    counts: dict[str, int] = server.get("/stats")["ingest"]["points"]
    return counts


class Taking:
    """How many more points a server has taken since this was made."""

    def __init__(self, server: Server) -> None:
        self._server, self._before = server, taken(server)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Accepted, duplicate and rejected ones."""
        now = taken(self._server)
        accepted, duplicates, rejected = (now[name] - self._before[name] for name in now)
        return accepted, duplicates, rejected


def test_the_python_client_writes_points_and_sees_the_server(shared_server: Server, client: InfluxDBClient) -> None:
    name, taking = unique("cpu"), Taking(shared_server)
    assert client.ping()
    assert client.version()
    point = Point(name).tag("service", "shop").tag("host", "web 1,a=b").field("usage", 64.25).field("cores", 4)
    with client.write_api(SYNCHRONOUS) as write:
        write.write("any", record=[point, Point(name).field("value", True).field("note", 'a "quoted", text')])
    assert taking.counts == (3, 0, 1), "a string is skipped"


def test_the_batching_client_writes_everything(shared_server: Server, client: InfluxDBClient) -> None:
    name, now, taking = unique("batch"), time.time_ns(), Taking(shared_server)
    with client.write_api(WriteOptions(batch_size=50, flush_interval=100)) as write:
        for number in range(200):
            write.write("any", record=Point(name).field("n", number).time(now - (200 - number) * 1_000_000))
    assert taking.counts == (200, 0, 0)


def test_the_python_client_reads_why_a_line_was_rejected(shared_server: Server, client: InfluxDBClient) -> None:
    name, taking = unique("partial"), Taking(shared_server)
    with client.write_api(SYNCHRONOUS) as write, pytest.raises(ApiException) as raised:
        write.write("any", record=[f"{name} n=1", f"{name} n=x", f"{name} m=2"])
    assert raised.value.status == 400
    assert "dropped=1" in raised.value.message
    assert taking.counts == (2, 0, 1)


@pytest.mark.parametrize("options", [{"write_use_v2_api": True}, {"write_use_v2_api": False}, {"write_no_sync": True}])
def test_the_client_of_version_3_writes_and_reads_why_a_line_was_rejected(
    shared_server: Server, options: dict[str, bool]
) -> None:
    name, taking, chosen = unique("v3"), Taking(shared_server), {"write_use_v2_api": False, **options}
    with InfluxDBClient3(shared_server.url, token="any", database="any", **chosen) as v3:
        v3.write(Point3(name).tag("service", "shop").tag("host", "web 1,a=b").field("usage", 64.25).field("cores", 4))
        assert taking.counts == (2, 0, 0)
        with pytest.raises(InfluxDBError, match="unable to parse"):
            v3.write([f"{name} n=1", f"{name} n=x", f"{name} m=2"])
    assert taking.counts == (4, 0, 1)


def test_the_client_of_version_3_may_ask_for_all_or_nothing(shared_server: Server) -> None:
    name, taking = unique("v3"), Taking(shared_server)
    options = {"write_use_v2_api": False, "write_accept_partial": False}
    with InfluxDBClient3(shared_server.url, token="any", database="any", **options) as v3:
        with pytest.raises(InfluxDBPartialWriteError) as raised:
            v3.write([f"{name} n=1", f"{name} n=x"])
        assert [each.line_number for each in raised.value.line_errors] == [2]
        v3.write(f"{name} n=2")
    assert taking.counts == (1, 0, 1)


def test_curl_writes_as_in_the_documentation(shared_server: Server) -> None:
    name, taking = unique("curl"), Taking(shared_server)
    command = [
        "curl",
        "-sS",
        "-i",
        f"{shared_server.url}/write?db=x&precision=s",
        "--data-binary",
        f"{name} usage=64.2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("HTTP/1.1 204")
    assert taking.counts == (1, 0, 0)


def test_what_telegraf_sends_is_taken(shared_server: Server) -> None:
    name, now, taking = unique("telegraf"), time.time_ns(), Taking(shared_server)
    lines = f'{name},host=a\\ b,cpu=cpu0 usage_idle=97.5,usage_user=1i,up=true,state="ok" {now}\n' * 2
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8", "User-Agent": "Telegraf/1.30"}
    for path in ("/write?db=telegraf&consistency=any", "/api/v2/write?bucket=b&org=o"):
        answer = requests.post(shared_server.url + path, gzip.compress(lines.encode()), headers=headers, timeout=10)
        assert (answer.status_code, answer.content) == (204, b"")
    assert taking.counts == (3, 9, 4), "the same points are known, strings are skipped"


def test_a_ping_is_answered_as_by_influxdb(shared_server: Server) -> None:
    for method in ("GET", "HEAD"):
        answer = requests.request(method, f"{shared_server.url}/ping", timeout=10)
        assert answer.status_code == 204
        assert answer.headers["X-Influxdb-Version"].startswith("1.8")


def test_a_batch_that_is_sent_again_changes_nothing(shared_server: Server) -> None:
    name, now, taking = unique("again"), time.time_ns() // 1_000_000, Taking(shared_server)
    body = "".join(f"{name} n={number} {now - 1_000 * number}\n" for number in range(20))
    for _ in range(2):
        assert requests.post(f"{shared_server.url}/write?precision=ms", body, timeout=10).status_code == 204
    assert taking.counts == (20, 20, 0)
