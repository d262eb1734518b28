"""Access logs written by Debian's nginx: read by detection and by nginx's format strings."""

from pathlib import Path

import pytest
import requests

from analytics.feed.logs.formats import detect_format, parser_of
from analytics.feed.logs.record import Record
from tests.edge.wire import eventually
from tests.nginx import Identity, Nginx

LOG_FORMATS = {
    "combined": "",
    "timed": "log_format timed '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent '\n"
    '    \'"$http_referer" "$http_user_agent" rt=$request_time ua="$upstream_addr" xff="$http_x_forwarded_for"\';',
    "vhost": "log_format vhost '$host:$server_port $remote_addr - $remote_user [$time_local] \"$request\" $status '\n"
    '    \'$body_bytes_sent "$http_referer" "$http_user_agent"\';',
    "lines": 'log_format lines escape=json \'{"time":"$time_iso8601","remote_addr":"$remote_addr",\'\n'
    '    \'"request":"$request","status":"$status","body_bytes_sent":"$body_bytes_sent",\'\n'
    '    \'"request_time":"$request_time","http_user_agent":"$http_user_agent"}\';',
}
AGENTS = ["plain/1.0", 'with "quotes"', "Bücher".encode().decode("latin-1"), "back\\slash"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By format, a log with a request of each agent; half of them are 404."""
    folder = tmp_path_factory.mktemp("nginx")
    access = "\n".join(f"access_log {folder}/{name}.log {name};" for name in LOG_FORMATS)
    (folder / "page").write_text("hello")
    formats = "\n".join(LOG_FORMATS.values())
    server = f"server {{ listen 127.0.0.1:PORT; root {folder}; {access} }}"
    no_tls = Identity(folder, folder)
    with Nginx(folder, formats + "\n" + server, no_tls) as nginx:
        for number, agent in enumerate(AGENTS):
            path = "/page?q=1" if number % 2 == 0 else "/missing"
            requests.get(f"http://127.0.0.1:{nginx.port}{path}", headers={"User-Agent": agent}, timeout=10)
        found = {name: folder / f"{name}.log" for name in LOG_FORMATS}
        eventually(lambda: all(len(path.read_bytes().splitlines()) == len(AGENTS) for path in found.values()))
    return found


@pytest.mark.parametrize("way", ["detected", "described"])
@pytest.mark.parametrize("name", LOG_FORMATS)
def test_logs_of_nginx_are_read(name: str, way: str, logs: dict[str, Path]) -> None:
    lines = logs[name].read_bytes().splitlines()
    parse = detect_format(lines) if way == "detected" else parser_of(LOG_FORMATS[name] or "combined")
    records = [record for record in map(parse, lines) if isinstance(record, Record)]
    assert [record.path for record in records] == ["/page", "/missing"] * 2
    assert [record.status for record in records] == [200, 404] * 2
    assert {record.address for record in records} == {"127.0.0.1"}
    assert [record.agent for record in records] == ["plain/1.0", 'with "quotes"', "Bücher", "back\\slash"]
    if name in ("timed", "lines"):
        assert all(record.latency is not None and 0 <= record.latency < 60_000 for record in records)
