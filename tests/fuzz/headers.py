"""Decoders of headers and of the parameters of doors: scrapes, handshakes, answers of receivers."""

import math
from collections.abc import Callable
from typing import Any

from flask import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header
from werkzeug.test import create_environ

from analytics.alerts.notify.http import HttpAnswer
from analytics.alerts.notify.posting import LONGEST_WAIT, _retry_after
from analytics.answer import Answer
from analytics.api.scrape_formats import scrape_format
from analytics.doors.influx.dialects import INFLUX_1, INFLUX_2, INFLUX_3
from analytics.doors.influx.door import InfluxDoor
from analytics.doors.limits import BodyLimits
from analytics.doors.prometheus.import_door import ImportDoor
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.errors import BadHandshake
from analytics.live.wire.handshake import check_handshake
from tests.doors.point_log import environ_of, recorder_of
from tests.fuzz.decoder import Decoder
from tests.fuzz.numbers import Forgetful

NOW = 1_700_000_000.0
ACCEPTS = (
    b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.8,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    b"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6",
    b'text/*;q=1e999;a="b\\"c",;;=,*;q=-1',
)
HANDSHAKES = (b"keep-alive, Upgrade\ndGhlIHNhbXBsZSBub25jZQ==\n13\npermessage-deflate", b"upgrade\n\xff=\n13")
WAITS = (b"5", b"Wed, 21 Oct 2015 07:28:00 GMT", b"-1", b"Mon, 99 Xxx 99999 99:99:99 +9999", b"1 Jan 1 0:0 -2359")
PARAMETERS = (
    b"precision=ns&db=a&rp=b&consistency=any",
    b"org=a&bucket=b&precision=s&accept_partial=false&no_sync=true",
    b"extra_label=job=a&extra_label=a%3Db=c&timestamp=1700000000000",
    b"timestamp=-999999999999999999&precision=\xff&%00=%ff" + b"&a" * 60,
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    return [
        Decoder("formats of scrapes", _scrape, (), ACCEPTS, size=512),
        Decoder("handshakes of WebSockets", _handshake, (BadHandshake,), HANDSHAKES, size=512),
        Decoder("waits of receivers", _wait, (), WAITS, size=256),
        Decoder("parameters of doors", _parameters(), (), PARAMETERS, size=1024),
    ]


def _scrape(data: bytes) -> None:
    scrape_format(parse_accept_header(data.decode("latin-1"), MIMEAccept)).writer()


def _handshake(data: bytes) -> None:
    """A handshake with a line for each of its headers."""
    names = ("CONNECTION", "SEC_WEBSOCKET_KEY", "SEC_WEBSOCKET_VERSION", "SEC_WEBSOCKET_EXTENSIONS")
    lines = zip(names, data.decode("latin-1").split("\n"), strict=False)
    check_handshake(Request({**create_environ(), **{f"HTTP_{name}": line for name, line in lines}}))


def _wait(data: bytes) -> None:
    found = _retry_after(HttpAnswer(429, "", {"retry-after": data.decode("latin-1")}, ""), NOW)
    assert found is None or (math.isfinite(found) and 0 <= found <= LONGEST_WAIT), found


def _parameters() -> Callable[[bytes], None]:
    """Send one line to each door with these parameters."""
    limits, points = BodyLimits(1024), recorder_of(Forgetful(), 10)
    doors: list[tuple[Callable[[dict[str, Any]], Answer], bytes]] = [
        (ImportDoor(points, MetricKinds(lambda name: None), limits), b"up 1\n"),
        *((InfluxDoor(dialect, points, limits, 10), b"m v=1 5") for dialect in (INFLUX_1, INFLUX_2, INFLUX_3)),
    ]

    def send(data: bytes) -> None:
        for door, body in doors:
            answer = door(environ_of(body, QUERY_STRING=data.decode("latin-1")))
            assert answer.status < 500, answer

    return send
