"""Random lines of each format are read back equal, and junk is reported as damaged."""

import json
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.feed.logs.formats import LOG_FORMATS, detect_format, parser_of
from analytics.feed.logs.record import DamagedLineError, Record
from analytics.feed.replay import Plan, to_event
from tests.feed import test_formats as samples

TAB = r'LogFormat "%{%Y-%m-%dT%H:%M:%S%z}t\t%a\t%r\t%>s\t%b\t%{Referer}i\t%{User-Agent}i\t%D" tab'
PARTS = r'%a %{ms}T [%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t] %m %U%q %H %>s %B "%{Referer}i" "%{User-Agent}i"'
PIPES = (
    "'$http_x_forwarded_for|$remote_addr|$msec|$request|$status|$bytes_sent|$http_referer|'\n"
    "'$http_user_agent|$request_time'"
)
APACHE_JSON = (
    r'LogFormat "{\"time\":\"%{%FT%T%z}t\",\"remote_addr\":\"%a\",\"request\":\"%r\",\"status\":%>s,\"bytes\":%B,'
    r'\"referer\":\"%{Referer}i\",\"user_agent\":\"%{User-Agent}i\",\"us\":%D}" json'
)
NGINX_JSON = (
    'log_format j escape=json \'{"when":"$time_iso8601","who":"$remote_addr","asked":"$request","code":"$status",\'\n'
    '\'"sent":$body_bytes_sent,"from":"$http_referer","by":"$http_user_agent","took":$request_time}\';'
)


class Request(NamedTuple):
    """The values of a log line."""

    client: str
    time: int
    method: str
    path: str
    status: int
    size: int
    referrer: str | None
    agent: str | None
    milliseconds: int

    @property
    def when(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}?q=1 HTTP/1.1"

    @property
    def seconds(self) -> str:
        return f"{self.milliseconds / 1000:.3f}"


def escaped(text: str | None) -> str:
    """As Apache escapes it."""
    return "".join(_ESCAPES.get(char, char) if char.isascii() else _bytes(char) for char in text or "-")


def spelled(text: str | None) -> str:
    """As nginx escapes it."""
    return "".join(_bytes(char) if char in '"\\' or not char.isascii() else char for char in text or "-")


_ESCAPES = {'"': '\\"', "\\": "\\\\"}


def _bytes(char: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in char.encode())


def combined(it: Request) -> str:
    size = it.size or "-"
    return (
        f'{it.client} - - [{it.when:%d/%b/%Y:%H:%M:%S} +0000] "{escaped(it.line)}" {it.status} {size} '
        f'"{escaped(it.referrer)}" "{escaped(it.agent)}"'
    )


def w3c(it: Request) -> str:
    return f"{samples.IIS.rpartition(chr(10))[0]}\n" + " ".join(
        (
            f"{it.when:%Y-%m-%d %H:%M:%S} 10.0.0.4 {it.method} {it.path} q=1 443 - {it.client}",
            (it.agent or "-").replace("%", "%25").replace("+", "%2B").replace(" ", "+"),
            (it.referrer or "-").replace("%", "%25").replace("+", "%2B"),
            f"{it.status} 0 0 {it.milliseconds}",
        )
    )


def cloudfront(it: Request) -> str:
    return f"{samples.CLOUDFRONT.rpartition(chr(10))[0]}\n" + "\t".join(
        (
            f"{it.when:%Y-%m-%d\t%H:%M:%S}\tFRA2-C1\t{it.size}\t{it.client}\t{it.method}\td1.cloudfront.net\t{it.path}",
            f"{it.status}\t{quote(it.referrer or '-')}\t{quote(it.agent or '-')}\tq=1\t{it.seconds}",
        )
    )


def alb(it: Request) -> str:
    client = f"[{it.client}]" if ":" in it.client else it.client
    return (
        f"https {it.when:%Y-%m-%dT%H:%M:%S}.186641Z app/my-lb/50dc {client}:2817 10.0.0.66:9000 0.0 {it.seconds} 0.0 "
        f'{it.status} {it.status} 257 {it.size} "{it.method} https://shop.example:443{escaped(it.path)}?q=1 HTTP/2.0" '
        f'"{escaped(it.agent)}" ECDHE TLSv1.2 arn:x "Root=1" "-" 1'
    )


def caddy(it: Request) -> str:
    headers = {"User-Agent": it.agent, "Referer": it.referrer}
    request = {
        **samples.CADDY["request"],
        "client_ip": it.client,
        "remote_ip": "10.0.0.1",
        "method": it.method,
        "uri": f"{it.path}?q=1",
        "headers": {name: [value] for name, value in headers.items() if value is not None},
    }
    more = {"ts": it.time + 0.25, "size": it.size, "status": it.status, "duration": it.milliseconds / 1000}
    return json.dumps({**samples.CADDY, "request": {**request}, **more}, ensure_ascii=False)


def traefik(it: Request) -> str:
    return json.dumps(
        {
            **samples.TRAEFIK,
            "ClientHost": it.client,
            "DownstreamContentSize": it.size,
            "DownstreamStatus": it.status,
            "Duration": it.milliseconds * 1_000_000,
            "RequestMethod": it.method,
            "RequestPath": f"{it.path}?q=1",
            "StartUTC": f"{it.when:%Y-%m-%dT%H:%M:%S}.123456789Z",
            "request_User-Agent": it.agent or "",
            "request_Referer": it.referrer or "",
        }
    )


def nginx_json(it: Request) -> str:
    return (
        f'{{"when":"{it.when.isoformat()}","who":"{it.client}","asked":{json.dumps(it.line)},"code":"{it.status}",'
        f'"sent":{it.size},"from":{json.dumps(it.referrer or "")},"by":{json.dumps(it.agent or "")},'
        f'"took":{it.seconds}}}'
    )


def apache_json(it: Request) -> str:
    return (
        f'{{"time":"{it.when:%Y-%m-%dT%H:%M:%S+0000}","remote_addr":"{it.client}","request":"{escaped(it.line)}",'
        f'"status":{it.status},"bytes":{it.size},"referer":"{escaped(it.referrer)}",'
        f'"user_agent":"{escaped(it.agent)}","us":{it.milliseconds * 1000}}}'
    )


def tab(it: Request) -> str:
    return "\t".join(
        (
            f"{it.when:%Y-%m-%dT%H:%M:%S+0000}",
            it.client,
            escaped(it.line),
            f"{it.status}\t{it.size or '-'}",
            escaped(it.referrer),
            escaped(it.agent),
            str(it.milliseconds * 1000),
        )
    )


def parts(it: Request) -> str:
    return (
        f"{it.client} {it.milliseconds} [{it.when:%d/%b/%Y:%H:%M:%S}.042 +0000] {it.method} {escaped(it.path)}?q=1 "
        f'HTTP/1.1 {it.status} {it.size} "{escaped(it.referrer)}" "{escaped(it.agent)}"'
    )


def pipes(it: Request) -> str:
    return (
        f"{it.client}, 10.0.0.1|10.0.0.2|{it.time}.123|{spelled(it.line)}|{it.status}|{it.size}|"
        f"{spelled(it.referrer)}|{spelled(it.agent)}|{it.seconds}"
    )


WAYS = {
    "combined": (("combined", None), combined, {"latency"}),
    "vhost_combined": (("vhost_combined", None), lambda it: f"shop.example:443 {combined(it)}", {"latency"}),
    "forwarded": (
        ("combined", None),
        lambda it: combined(it).replace(it.client, f"{it.client}, 10.0.0.1", 1),
        {"latency"},
    ),
    "keys behind": (("combined", None), lambda it: f'{combined(it)} rt={it.seconds} us="200"', set()),
    "nginx": ((samples.NGINX,), lambda it: f"{combined(it)} {it.seconds} 0.001, 0.002 : 0.003", set()),
    "Apache": (
        (samples.APACHE,),
        lambda it: f"shop.example:443 {combined(it)} {it.milliseconds * 1000}",
        set(),
    ),
    "iis": (("iis", None), w3c, {"size"}),
    "cloudfront": (("cloudfront", None), cloudfront, set()),
    "alb": (("alb", None), alb, {"referrer"}),
    "Caddy": (("json", None), caddy, set()),
    "Traefik": (("json", None), traefik, set()),
    "nginx JSON": ((NGINX_JSON,), nginx_json, set()),
    "Apache JSON": ((APACHE_JSON,), apache_json, set()),
    "Apache JSON, detected": (("json", None), apache_json, {"latency"}),
    "tab": ((TAB,), tab, set()),
    "parts": ((PARTS,), parts, set()),
    "pipes": ((PIPES,), pipes, set()),
}
"""By name: the format option, if any; the function that writes a line; and the fields that the format lacks."""

path_part = st.text(st.characters(codec="ascii", categories=("L", "N", "P"), exclude_characters="?|+%#"), max_size=12)
text = st.lists(
    st.text(
        st.characters(codec="utf-8", categories=("L", "N", "P"), exclude_characters="|\x7f"), min_size=1, max_size=8
    ),
    min_size=1,
    max_size=4,
).map(" ".join)
a_request = st.builds(
    Request,
    client=st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), st.just("host-7.example.net")),
    time=st.integers(0, 4_000_000_000),
    method=st.sampled_from(("GET", "POST", "M-SEARCH")),
    path=path_part.map("/{}".format),
    status=st.integers(100, 599),
    size=st.integers(0, 10**12),
    referrer=st.none() | text.map(lambda it: it.replace(" ", "")).filter(lambda it: it != "-"),
    agent=st.none() | text.filter(lambda it: it != "-"),
    milliseconds=st.integers(0, 10**6),
)


@pytest.mark.parametrize("name", WAYS)
@given(a_request)
def test_written_lines_are_read_back(name: str, it: Request) -> None:
    described, write, missing = WAYS[name]
    lines = [line.encode() for line in write(it).split("\n")]
    expected = Record(
        it.client, it.time, it.method, it.path, it.status, it.size, it.referrer, it.agent, float(it.milliseconds)
    )._asdict()
    for way in described:
        parse = detect_format(lines) if way is None else parser_of(way)
        (record,) = [record for record in map(parse, lines) if record is not None]
        found = record._asdict()
        assert {key: found[key] for key in found if key not in missing} == {
            key: pytest.approx(expected[key]) if key == "latency" else expected[key]
            for key in found
            if key not in missing
        }
        assert all(found[key] in (None, 0) for key in missing)


JUNK = st.text(max_size=12) | st.sampled_from(
    ('"', " ", "[", "\\x", "\t", "9" * 5_000, "1e400", "nan", "Infinity", "-", "\ufeff", "²", " x" * 50, "a," * 50)
)


@pytest.mark.parametrize("name", WAYS)
@given(a_request, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 20), JUNK), min_size=1, max_size=4))
def test_a_line_with_junk_in_it_is_read_or_damaged(name: str, it: Request, cuts: list[tuple[int, int, str]]) -> None:
    described, write, _ = WAYS[name]
    line = write(it)
    for at, length, junk in cuts:
        line = line[:at] + junk + line[at + length :]
    lines = [each.encode(errors="surrogatepass") for each in line.split("\n")]
    for parse in (detect_format(lines), *(parser_of(way) for way in (*described, *LOG_FORMATS) if way is not None)):
        for each in lines:
            try:
                record = parse(each)
            except DamagedLineError:
                continue
            if record is not None:
                assert json.dumps(to_event(record, 1, Plan("web", str, 0, "run")))
