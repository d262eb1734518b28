"""The parsers of a pipeline: they find labels in the text of lines."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from analytics.logql.entry import LogEntry, label_name, label_text
from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import Extract
from analytics.logql.patterns import captures, named_groups

MOST_LABELS = 128
"""Labels that a parser finds in a line."""
DEEPEST = 10
"""Levels of objects whose fields become labels."""
Step = Callable[[LogEntry], bool]
"""Changes a line; returns whether it is kept."""
_PATH = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_]*)|\[\s*(?:([0-9]{1,9})|"((?:[^"\\]|\\.)*)")\s*\]')
_PAIR = re.compile(r'\s*([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|([^\s"]*)(?=\s|$))|(?=\s|$))')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_decode = msgspec.json.Decoder(float_hook=str).decode
"""Decodes JSON; numbers with a fraction stay as they are written."""


def parser(stage: Extract) -> Step:
    """A parser as a step.

    Raises:
        BadLogQuery: what it looks for is not valid.
    """
    match stage.parser:
        case "json":
            return _json_fields(stage.wanted) if stage.wanted else _json
        case "logfmt":
            return _logfmt(stage)
        case "regexp":
            return _extracting(named_groups(stage.expression))
        case "pattern":
            return _extracting(captures(stage.expression))
        case _:
            return _unpack


def _extracting(find: Callable[[str], dict[str, str]]) -> Step:
    def step(entry: LogEntry) -> bool:
        for name, text in find(entry.line).items():
            entry.extract(name, text)
        return True

    return step


def _object(entry: LogEntry) -> dict[str, Any] | None:
    """The object that a line is; its error is noted if it is none."""
    try:
        found = _decode(entry.line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        entry.fail("JSONParserErr", str(error))
        return None
    if not isinstance(found, dict):
        entry.fail("JSONParserErr", "the line is no JSON object")
        return None
    return found


def _json(entry: LogEntry) -> bool:
    found = _object(entry)
    if found is not None:
        labels: dict[str, str] = {}
        _flatten(found, "", labels, 0)
        for name, text in labels.items():
            entry.extract(name, text)
    return True


def _flatten(fields: dict[str, Any], prefix: str, into: dict[str, str], depth: int) -> None:
    for name, value in fields.items():
        whole = f"{prefix}_{label_name(name)}" if prefix else label_name(name)
        if isinstance(value, dict):
            if depth < DEEPEST:
                _flatten(value, whole, into, depth + 1)
        elif not isinstance(value, list) and len(into) < MOST_LABELS:
            into.setdefault(whole, label_text(value))


def _json_fields(wanted: tuple[tuple[str, str], ...]) -> Step:
    paths = [(name, _path(path)) for name, path in wanted]

    def step(entry: LogEntry) -> bool:
        found = _object(entry)
        for name, path in paths if found is not None else ():
            value: Any = found
            for part in path:
                try:
                    value = value[part] if isinstance(part, int) == isinstance(value, list) else None
                except (KeyError, IndexError, TypeError):
                    value = None
            entry.extract(name, label_text(value))
        return True

    return step


def _path(text: str) -> list[str | int]:
    """The parts of a path such as `request.headers["User-Agent"]` or `servers[0]`."""
    parts, at = list[str | int](), 0
    while at < len(text):
        match = _PATH.match(text, at)
        if match is None:
            raise BadLogQuery(f"parse error : {text[:50]!r} is not the place of a field of JSON")
        plain, index, quoted = match.groups()
        parts.append(int(index) if index else plain if plain else _ESCAPE.sub(r"\1", quoted))
        at = match.end()
    return parts


def _logfmt(stage: Extract) -> Step:
    is_strict, keeps_empty = "--strict" in stage.flags, "--keep-empty" in stage.flags
    wanted = {path: name for name, path in stage.wanted}

    def step(entry: LogEntry) -> bool:
        pairs, rest = _pairs(entry.line)
        if rest and is_strict:
            entry.fail("LogfmtParserErr", f"logfmt syntax error at {rest[:20]!r}")
            return True
        for name, text in pairs.items():
            if not wanted and (text or keeps_empty):
                entry.extract(label_name(name), text)
        for path, name in wanted.items():
            entry.extract(name, pairs.get(path, ""))
        return True

    return step


def _pairs(line: str) -> tuple[dict[str, str], str]:
    """The pairs of a line, of which the first of a name counts, and what was no pair."""
    found, bad, at = dict[str, str](), "", 0
    end = len(line.rstrip())
    while at < end:
        match = _PAIR.match(line, at)
        if match is None:
            bad = bad or line[at:]
            space = re.compile(r"\s").search(line, at + 1)
            at = end if space is None else space.end()
            continue
        name, quoted, plain = match.groups()
        if len(found) < MOST_LABELS:
            text = plain or "" if quoted is None else _ESCAPE.sub(_unescaped, quoted)
            found.setdefault(name, text)
        at = match.end()
    return found, bad


def _unescaped(match: "re.Match[str]") -> str:
    return _ESCAPED.get(match[1], match[1])


def _unpack(entry: LogEntry) -> bool:
    """The labels of a packed line, and its text, which is in `_entry`."""
    found = _object(entry)
    for name, value in (found or {}).items():
        if name == "_entry" and isinstance(value, str):
            entry.line = value
        elif isinstance(value, str):
            entry.extract(label_name(name), value)
    return True
