"""Redacts log lines and spans by the redaction rules."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from analytics.log_lines import NO_ATTRIBUTES, NewLogLine
from analytics.privacy.broken_json import unreadable_json
from analytics.privacy.rules import RedactionRules, Rule, Work
from analytics.record_users import HINTS, is_user_field, replace_users
from analytics.schemas.redaction import HASH
from analytics.spans import NOTHING, NewSpan

BEFORE_JSON = "\ufeff \t\r\n"
BYTE_HINTS = tuple(hint.encode() for hint in HINTS)
BRACKETS = ("{", "[")
ATTRIBUTES, NAME = "attributes", "name"
"""The parts of events and links of spans that may hold anything."""
UNREADABLE = (msgspec.DecodeError, RecursionError)


class RecordRedaction:
    """Redacts the lines or spans of one request in place.

    Attributes follow the rules for `data`, texts those for `data` and `message`; a line that is a JSON
    object or array is data, and of one that only begins like it, the values of fields are.
    Rules for `user_id` apply to that of spans, and to the fields of `analytics.record_users`.
    """

    def __init__(self, rules: RedactionRules, work: Work) -> None:
        self._rules, self._work = rules, work
        self._has_patterns = rules.data.has_patterns or rules.message.has_patterns
        self._done: dict[int, tuple[Raw, Raw]] = {}

    def lines(self, lines: Sequence[NewLogLine]) -> None:
        """Redact log lines."""
        for line in lines:
            line.attributes = self._json(line.attributes)
            line.resource = self._shared(line.resource)
            line.body = self._body(line.body)

    def spans(self, spans: Sequence[NewSpan]) -> None:
        """Redact spans."""
        for span in spans:
            rule = self._rules.user_id
            if rule is not None and span.user_id:
                span.user_id = self._user(rule, span.user_id)
            span.attributes = self._json(span.attributes)
            span.resource = self._shared(span.resource)
            span.events, span.links = self._parts(span.events), self._parts(span.links)
            if span.status_message:
                span.status_message = self._text(span.status_message)

    def _user(self, rule: Rule, user_id: str) -> str | None:
        redacted = self._work.hash_(user_id) if rule.user_id == HASH else None
        if redacted != user_id:
            self._work.counts[rule.name] += 1
        return redacted

    def _shared(self, resource: Raw) -> Raw:
        """A resource, which many records share."""
        known = self._done.get(id(resource))
        if known is None:
            known = self._done[id(resource)] = resource, self._json(resource)
        return known[1]

    def _json(self, json: Raw) -> Raw:
        """JSON of an object."""
        if json is NO_ATTRIBUTES:
            return json
        data = bytes(json)
        rule = self._rules.user_id
        if rule is not None and _may_have_user(data):
            data = msgspec.json.encode(self._without_users(rule, msgspec.json.decode(data)))
        return Raw(self._rules.data.object(data, self._work)) if self._rules.data.may_match(data) else Raw(data)

    def _parts(self, json: Raw) -> Raw:
        """Events or links: their attributes, and the names of events; all else is the shape of a span."""
        if json is NOTHING:
            return json
        data = bytes(json)
        if not self._rules.data.may_match(data) and (self._rules.user_id is None or not _may_have_user(data)):
            return Raw(data)
        parts = msgspec.json.decode(data, type=list[dict[str, Raw]])
        for part in parts:
            part[ATTRIBUTES] = self._json(part[ATTRIBUTES])
            if NAME in part:
                part[NAME] = Raw(msgspec.json.encode(self._name(msgspec.json.decode(part[NAME]))))
        return Raw(msgspec.json.encode(parts))

    def _name(self, name: str) -> str:
        """The name of an event, which stays a text."""
        redacted = self._rules.data.object(msgspec.json.encode({NAME: name}), self._work)
        found: str = msgspec.json.decode(redacted).get(NAME, "")
        return found

    def _without_users(self, rule: Rule, value: object, parent: str = "") -> object:
        if isinstance(value, list):
            return [self._without_users(rule, each) for each in value]
        if not isinstance(value, dict):
            return value
        kept: dict[str, object] = {}
        for name, each in value.items():
            if type(each) in (str, int) and is_user_field(name, parent):
                redacted = self._user(rule, str(each))
                if redacted is not None:
                    kept[name] = redacted
            else:
                kept[name] = self._without_users(rule, each, name)
        return kept

    def _body(self, body: str) -> str:
        data, rule = self._rules.data, self._rules.user_id
        if rule is not None and any(hint in body for hint in HINTS):
            body = replace_users(body, lambda user: self._user(rule, user) or "")
        if body.lstrip(BEFORE_JSON)[:1] in BRACKETS:
            json = body.encode(errors="replace")
            if data.may_match(json):
                try:
                    return data.object(json, self._work).decode()
                except UNREADABLE:  # it was cut, or only looks like JSON
                    body = unreadable_json(body, data, self._work)
        return self._text(body) if self._has_patterns else body

    def _text(self, text: str) -> str:
        return self._rules.message.text(self._rules.data.text(text, self._work), self._work)


def _may_have_user(json: bytes) -> bool:
    """Whether JSON may have a field with a user; sometimes wrongly true, never wrongly false."""
    return any(hint in json for hint in BYTE_HINTS)
