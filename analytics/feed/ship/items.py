"""LineItems of `POST /logs` from lines in JSON, logfmt or text."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from analytics.feed.ship.joining import JoinedLine
from analytics.feed.ship.times import time_in, time_of

Format = Literal["auto", "json", "logfmt", "text"]
FORMATS: tuple[Format, ...] = ("auto", "json", "logfmt", "text")
MOST_ATTRIBUTES = 30_000
"""Characters of the fields of a line in JSON; the service takes 32 KiB, and more are sent in the text alone."""
FUTURE_SECONDS = 240
"""A time further ahead is taken for a wrong zone and not sent; the service accepts up to 300 seconds."""

_MESSAGES = ("message", "msg", "body", "log", "event", "text", "@m", "@mt")
_TIMES = ("timestamp", "time", "ts", "@timestamp", "datetime", "asctime", "date", "@t")
_LEVELS = ("level", "severity", "levelname", "lvl", "log.level", "severity_text", "level_name", "@l")
_TRACES = ("trace_id", "traceId", "traceid", "trace.id", "otelTraceID")
_SPANS = ("span_id", "spanId", "spanid", "span.id", "otelSpanID")
_LOGGERS = ("logger", "logger_name", "name", "channel")
_PAIR = r'[A-Za-z_@][\w.@/-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)'
_pairs = re.compile(r'([A-Za-z_@][\w.@/-]*)=("(?:[^"\\]|\\.)*"|[^\s"]*)').findall
_is_logfmt = re.compile(rf"{_PAIR}(?:\s+{_PAIR})+\s*").fullmatch
_hex = re.compile(r"[0-9a-fA-F]+").fullmatch
_controls = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]").sub
Item = dict[str, Any]


class LineItems:
    """Makes items.

    Args:
        form: the format of the lines; `auto` looks at each.
        service: the service of all lines; None: by the names of files.
        attributes: what each line gets.
        spool: the file of standard input, whose path is no attribute.
    """

    def __init__(self, form: Format, service: str | None, attributes: Mapping[str, str], spool: Path | None) -> None:
        self._form, self._service, self._attributes, self._spool = form, service, dict(attributes), spool

    def item(self, entry: JoinedLine, now: float) -> Item:
        """The item of an entry; its id names the bytes that it has in its file."""
        text = entry.raw.decode(errors="replace")
        fields = self._fields(text)
        if fields is None:
            item: Item = {"message": text, "timestamp": time_in(text, now)}
        else:
            item = _from_fields(text, fields, now)
            if len(_encode(item["attributes"])) > MOST_ATTRIBUTES:
                item |= {"message": text, "attributes": {}}
        if (item["timestamp"] or 0) / 1e9 > now + FUTURE_SECONDS:
            item["timestamp"] = None
        about = self._about(entry)
        about["attributes"] |= item.pop("attributes", {})
        return about | {name: value for name, value in item.items() if value is not None}

    def as_text(self, entry: JoinedLine, item: Item) -> Item:
        """The item of an entry whose other one was refused: only its text and its time."""
        kept = {"timestamp": item["timestamp"]} if "timestamp" in item else {}
        return self._about(entry) | kept | {"message": entry.raw.decode(errors="replace")}

    def _about(self, entry: JoinedLine) -> Item:
        path = entry.tail.path
        source = {} if path == self._spool else {"log.file.path": str(path)}
        return {
            "service": self._service or service_of(path.name),
            "id": f"{entry.token}-{entry.start}-{entry.end}",
            "attributes": {**self._attributes, **source},
        }

    def _fields(self, text: str) -> Mapping[str, Any] | None:
        if self._form in ("auto", "json") and text.lstrip()[:1] == "{":
            try:
                value = json.loads(text, parse_constant=str)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                return value
        if self._form == "logfmt" or (self._form == "auto" and _is_logfmt(text)):
            return {name: _unquoted(value) for name, value in _pairs(text)} or None
        return None


def encoded(item: Item) -> bytes:
    """One line of NDJSON."""
    return _encode(item).encode(errors="replace")


def service_of(name: str) -> str:
    """The service of a file by its name, without what rotation adds: `checkout` of `checkout-2024-01-15.log.1`."""
    stem = name.lstrip(".").partition(".")[0]
    stem = re.sub(r"[-_]?(?:\d{4}-?\d\d-?\d\d.*|\d+)$", "", stem) or stem
    return _controls("", stem)[:128].strip() or "unknown"


def _from_fields(text: str, fields: Mapping[str, Any], now: float) -> Item:
    rest = dict(fields)

    def take(names: tuple[str, ...], taken: Any) -> Any:
        """The first of these fields that can be taken, which is then not among the rest."""
        for name in names:
            value = taken(rest[name]) if name in rest else None
            if value is not None:
                del rest[name]
                return value
        return None

    message = take(_MESSAGES, lambda value: value.rstrip("\n") if isinstance(value, str) and value else None)
    item = {
        "message": text if message is None else message,
        "timestamp": take(_TIMES, time_of),
        "level": take(_LEVELS, _level),
        "trace_id": take(_TRACES, lambda value: _id(value, 32)),
        "span_id": take(_SPANS, lambda value: _id(value, 16)),
        "logger": take(_LOGGERS, lambda value: _controls(" ", value)[:256] if isinstance(value, str) else None),
    }
    if item["timestamp"] is None:
        item["timestamp"] = time_in(item["message"], now)
    return {**item, "attributes": rest}


def _level(value: Any) -> str | int | None:
    if isinstance(value, str):
        return value[:64]
    if type(value) is not int:
        return None
    # 10, 20 … 60 are numbers of bunyan, pino and Python; smaller ones are OpenTelemetry's
    return value if 0 < value <= 24 and value % 10 else str(value)[:64]


def _id(value: Any, digits: int) -> str | None:
    is_id = isinstance(value, str) and len(value) == digits and _hex(value) and value.strip("0")
    return str(value) if is_id else None


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value[1:-1]


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode
