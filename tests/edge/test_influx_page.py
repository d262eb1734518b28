"""The page about InfluxDB storage, followed step by step with Debian's influxd: its setting, tables and query."""

import re
import time
from pathlib import Path
from typing import Any

from tests.conftest import StartServer
from tests.docs.pages import DOCS, blocks_of
from tests.edge.test_influx_sink import HASTY, MINUTE, is_done, rfc3339, send, settings
from tests.edge.wire import eventually, tool
from tests.sinks.influx.servers import Influxd

PAGE = DOCS / "howto" / "influxdb-storage.md"
PATIENCE = 40


def setting(port: int) -> dict[str, str]:
    """The variables of the page's first example, with the address of a database that runs."""
    example = blocks_of("bash", PAGE)[0].text.replace("influx.example:8086", f"127.0.0.1:{port}")
    return dict(re.findall(r"(ANALYTICS_\w+)='([^']*)'", example))


def rows_of_table() -> dict[str, tuple[set[str], set[str]]]:
    """By name of a metric, the tags and fields that the page says it has."""
    table = PAGE.read_text().partition("| metric | tags | fields |\n")[2].partition("\n\n")[0]
    found: dict[str, tuple[set[str], set[str]]] = {}
    tags, fields = set[str](), set[str]()
    for names, of_tags, of_fields in re.findall(r"^\| (.*?) \| (.*?) ?\| (.*?) \|$", table, re.MULTILINE):
        tags = tags if "the same" in of_tags else set(re.findall(r"`(\w+)`", of_tags))
        fields = fields if "the same" in of_fields else set(re.findall(r"`(\w+)`", of_fields))
        found |= dict.fromkeys(re.findall(r"`(\w+)`", names), (tags, fields))
    return found


def records(at: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events and metrics of a minute, such as those of the page's examples."""
    time_ = {"timestamp": rfc3339(at)}
    data = {"endpoint": "/cart", "latency": 12.5, "status": 500}
    events = [{"type": "request", "service": "shop", "user_id": "ann", "data": data, **time_}]
    tags = {"service": "shop", "host": "web-1"}
    return events, [{"name": "cpu", "value": value, "tags": tags, **time_} for value in (0.25, 0.75, 0.5, 0.5)]


def test_what_the_page_says_is_in_the_database(tmp_path: Path, start_server: StartServer) -> None:
    tool("influxd")
    with Influxd(tmp_path / "database") as database:
        server = start_server({**settings(database, tmp_path), **setting(database.port)}, HASTY)
        minute = int(time.time()) // MINUTE * MINUTE - 3 * MINUTE
        events, metrics = records(minute)
        send(server, "/events", events)
        send(server, "/metrics", metrics)
        table = rows_of_table()

        def is_written() -> bool:
            send(server, "/events", [{"type": "view", "service": "other"}])  # time passes with records in the log
            return {(name, minute) for name in table} <= figures_of_minutes(database).keys()

        eventually(is_written, PATIENCE, 0.2)
        eventually(lambda: is_done(server), PATIENCE)
        figures = figures_of_minutes(database)
        for name, (tags, fields) in table.items():
            of_tags, of_fields = figures[name, minute]
            assert (of_tags.keys() - {"metric"}, of_fields.keys()) == (tags, fields), name
        gauge = {"count": 4.0, "sum": 2.0, "min": 0.25, "max": 0.75, "last": 0.5}
        assert figures["cpu", minute] == ({"metric": "cpu", "host": "web-1", "service": "shop"}, gauge)
        (query,) = [block.text for block in blocks_of("text", PAGE) if block.text.startswith("SELECT")]
        (series,) = database.ask(query)
        assert series["tags"] == {"service": "shop"}
        assert sum(increase or 0 for _, increase in series["values"]) == 1


def figures_of_minutes(database: Influxd) -> dict[tuple[str, int], tuple[dict[str, str], dict[str, float]]]:
    """Tags and fields by metric and time."""
    return {
        (dict(tags)["metric"], at): (dict(tags), fields)
        for (name, tags, at), fields in database.figures().items()
        if name == "analytics_minutes"
    }
