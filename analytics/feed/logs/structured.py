"""Parser for JSON lines of nginx, Caddy, Traefik and others that use the same keys."""

import json
import re
from collections.abc import Mapping
from typing import Any

from analytics.feed.logs import fields
from analytics.feed.logs.record import DamagedLineError, Record, text_of, unescape

MEANINGS: Mapping[str, str] = {
    **dict.fromkeys(("remote_addr", "client_ip", "clientip", "ClientHost", "client", "ip"), fields.CLIENT),
    **dict.fromkeys(("remote_ip",), fields.PEER),
    **dict.fromkeys(("http_x_forwarded_for", "x_forwarded_for"), fields.FORWARDED),
    **dict.fromkeys(("time_iso8601", "@timestamp", "timestamp", "time", "StartUTC", "date"), fields.ISO),
    **dict.fromkeys(("time_local",), fields.CLF),
    **dict.fromkeys(("ts", "msec", "epoch"), fields.EPOCH),
    **dict.fromkeys(("request",), fields.REQUEST),
    **dict.fromkeys(("request_method", "method", "RequestMethod"), fields.METHOD),
    **dict.fromkeys(("request_uri", "uri", "path", "url", "RequestPath"), fields.TARGET),
    **dict.fromkeys(("status", "status_code", "DownstreamStatus"), fields.STATUS),
    **dict.fromkeys(("body_bytes_sent", "bytes_sent", "bytes", "size", "DownstreamContentSize"), fields.SIZE),
    **dict.fromkeys(("http_referer", "http_referrer", "referer", "referrer", "request_Referer"), fields.REFERRER),
    **dict.fromkeys(("http_user_agent", "user_agent", "agent", "request_User-Agent"), fields.AGENT),
    **dict.fromkeys(("request_time",), fields.SECONDS),
    **dict.fromkeys(("duration_ms", "latency_ms"), fields.MILLISECONDS),
    **dict.fromkeys(("duration_ns",), fields.NANOSECONDS),
}
_TIMES = (fields.ISO, fields.CLF, fields.EPOCH)
_ESCAPES = re.compile(r"\\(?:x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2})*|.)")


class JsonLines:
    """Parses one JSON object a line; `keys` maps its keys to meanings, by default the usual keys."""

    def __init__(self, keys: Mapping[str, str] = MEANINGS) -> None:
        self._keys = keys

    def __call__(self, raw: bytes) -> Record:
        """Parse a line; raises DamagedLineError with the reason."""
        found: dict[str, str] = {}
        for key, value in _flat(_object(text_of(raw).removeprefix("\ufeff"))).items():
            meaning = self._keys.get(key)
            if meaning is None or value is None or isinstance(value, dict | list):
                continue
            text = fields.verbatim(str(value))
            found.setdefault(_time_form(text) if meaning in _TIMES else meaning, text)
        return fields.record(found)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            value = json.loads(_ESCAPES.sub(_as_json, text))
        except (ValueError, RecursionError):
            raise DamagedLineError(f"the line is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise DamagedLineError("the line is not a JSON object")
    return value


def _as_json(match: re.Match[str]) -> str:
    r"""Convert `\xC3\xBC`, which servers write without JSON escaping, to JSON."""
    return json.dumps(unescape(match[0]))[1:-1] if match[0].startswith("\\x") else match[0]


def _time_form(text: str) -> str:
    if text.replace(".", "", 1).isdigit():
        return fields.EPOCH
    return fields.CLF if "/" in text else fields.ISO


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """The object with the fields and headers that Caddy nests in `request` at the top, under the names of nginx."""
    request = value.get("request")
    if not isinstance(request, dict):
        # Duration of Traefik is in nanoseconds
        return {**value, "duration_ns": value["Duration"]} if "Duration" in value and "ClientHost" in value else value
    headers = request.get("headers")
    named = {name.lower(): each for name, each in headers.items()} if isinstance(headers, dict) else {}
    more = {
        "referer": _first(named.get("referer")),
        "user_agent": _first(named.get("user-agent")),
        "request_time": value.get("duration"),
    }
    return {**{name: each for name, each in value.items() if name != "request"}, **request, **more}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
