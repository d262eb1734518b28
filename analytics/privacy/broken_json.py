"""Redacts the fields of a text that begins like JSON but cannot be decoded, for example because it was cut."""

import json
import re
from collections.abc import Iterator
from typing import Any

from analytics.privacy.names import PAIR_NAMES, PAIR_VALUE, folded
from analytics.privacy.rules import MASKED, Place, Rule, Work
from analytics.schemas.redaction import DROP, HASH

_NAME = re.compile(r'"((?:[^"\\]|\\.){1,256})"[ \t\r\n]*:[ \t\r\n]*')
_WORD = re.compile(r"[^\s,}\]]*")
_SPACE_AND_COMMA = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
_decode = json.JSONDecoder(strict=False).raw_decode


def unreadable_json(text: str, place: Place, work: Work) -> str:
    """The text without the values of the fields that rules name; a value without end goes on to that of the text.

    Where a pair such as `{"name": "authorization", "value": "..."}` has such a name, all fields `value` are redacted.
    """
    of_pair = _rule_of_pair(text, place)
    parts, end = [], 0
    for match in _NAME.finditer(text):
        name = _unescaped(match[1])
        rule = place.rule_for(name) or (of_pair if folded(name) == PAIR_VALUE else None)
        if rule is None or match.start() < end:
            continue
        value, after = _value_at(text, match.end())
        if value is None:
            continue
        work.counts[rule.name] += 1
        if rule.action == DROP:
            parts.append(text[end : match.start()])
            end = _end_of(_SPACE_AND_COMMA, text, after)
        else:
            replaced = work.hash_(_text_of(value)) if rule.action == HASH else MASKED
            parts += text[end : match.end()], json.dumps(replaced, ensure_ascii=False)
            end = after
    return "".join((*parts, text[end:]))


def _rule_of_pair(text: str, place: Place) -> Rule | None:
    found = (
        each
        for each in _NAME.finditer(text)
        if folded(_unescaped(each[1])) in PAIR_NAMES and text.startswith('"', each.end())
    )
    named = (_value_at(text, each.end())[0] for each in found)
    rules: Iterator[Rule | None] = (place.rule_for(each) for each in named if isinstance(each, str))
    return next(filter(None, rules), None)


def _value_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends."""
    try:
        return _decode(text, start)
    except (ValueError, RecursionError):
        end = len(text) if text[start : start + 1] in ('"', "{", "[") else _end_of(_WORD, text, start)
        return text[start:end], end


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return start if match is None else match.end()


def _unescaped(name: str) -> str:
    try:
        return str(json.loads(f'"{name}"'))
    except ValueError:
        return name


def _text_of(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text.encode(errors="replace").decode()  # halves of surrogate pairs cannot be hashed
