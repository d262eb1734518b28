"""JSON lines of nginx, Caddy and Traefik, and of whatever names its keys alike."""

import json
from collections.abc import Mapping
from typing import Any

from analytics.feed.logs import fields
from analytics.feed.logs.record import DamagedLineError, Record, text_of

KEYS: Mapping[str, str] = {
    **dict.fromkeys(("remote_addr", "client_ip", "remote_ip", "clientip", "ClientHost", "client", "ip"), fields.CLIENT),
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
    **dict.fromkeys(("request_time", "duration"), fields.SECONDS),
    **dict.fromkeys(("duration_ms", "latency_ms"), fields.MILLISECONDS),
}
NANOSECONDS = 1e9


class JsonLines:
    """Reads one JSON object a line; `keys` gives the meanings of its keys, else the usual names are known."""

    def __init__(self, keys: Mapping[str, str] = KEYS) -> None:
        self._keys = keys

    def __call__(self, raw: bytes) -> Record:
        """Turn one line into a record; raises DamagedLineError with the reason."""
        try:
            value = json.loads(text_of(raw).removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise DamagedLineError(f"the line is no JSON: {error}") from None
        if not isinstance(value, dict):
            raise DamagedLineError("the line is no JSON object")
        found: dict[str, str] = {}
        for key, each in _flat(value).items():
            meaning = self._keys.get(key)
            if meaning is not None and each is not None and not isinstance(each, dict | list):
                found.setdefault(meaning, str(each))
        if isinstance(value.get("Duration"), int | float) and "ClientHost" in value:
            found[fields.SECONDS] = str(value["Duration"] / NANOSECONDS)
        if fields.ISO in found and found[fields.ISO].replace(".", "", 1).isdigit():
            found[fields.EPOCH] = found.pop(fields.ISO)
        if fields.ISO in found and "/" in found[fields.ISO]:
            found[fields.CLF] = found.pop(fields.ISO)
        return fields.record(found)


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """The object with what Caddy puts into `request` and its headers beside the rest."""
    request = value.get("request")
    if not isinstance(request, dict):
        return value
    headers = request.get("headers")
    named = {name.lower(): each for name, each in headers.items()} if isinstance(headers, dict) else {}
    more = {name: _first(named.get(header)) for name, header in (("referer", "referer"), ("agent", "user-agent"))}
    return {**{name: each for name, each in value.items() if name != "request"}, **request, **more}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
