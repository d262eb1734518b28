"""Redaction rules, prepared for use on many records."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from analytics.privacy.names import NameSearch, folded
from analytics.privacy.patterns import PATTERNS, Pattern, replaced
from analytics.schemas.redaction import DATA, DROP, HASH, MASK, MESSAGE, TAGS

MASKED = "***"
Counts = Counter[str]
"""How many fields and texts were redacted, by the name of the rule."""


class Rule(NamedTuple):
    """A rule; `names` are folded."""

    name: str
    action: str
    names: frozenset[str]
    patterns: tuple[Pattern, ...]
    applies_to: frozenset[str]
    user_id: str | None

    @classmethod
    def of(cls, name: str, body: Mapping[str, Any]) -> "Rule":
        """The rule that a resource describes; its body may leave out defaults."""
        return cls(
            name,
            body.get("action", MASK),
            frozenset(map(folded, body.get("fields", ()))),
            tuple(PATTERNS[each] for each in PATTERNS if each in body.get("patterns", ())),
            frozenset(body.get("applies_to", (DATA,))),
            body.get("user_id"),
        )


class Place:
    """The rules for one place, such as `data`. Where several rules name a field, the first one decides."""

    def __init__(self, rules: Iterable[Rule], place: str, hash_: Callable[[str], str]) -> None:
        here = [rule for rule in rules if place in rule.applies_to]
        self._by_name = {name: rule for rule in reversed(here) for name in rule.names}
        self._patterns = [(rule, pattern) for rule in here for pattern in rule.patterns]
        self._hints = list({pattern.hint: None for _, pattern in self._patterns})
        self._hash = hash_
        self.names = NameSearch(self._by_name)
        self.is_empty = not (self._by_name or self._patterns)
        self.has_patterns = bool(self._patterns)

    def may_match(self, json: bytes) -> bool:
        """Whether JSON has a field or text to redact; sometimes wrongly true, never wrongly false."""
        if self.names.is_in(json):
            return True
        return self.has_patterns and (b"\\u" in json or any(hint.search(json) for hint in self._hints))

    def object(self, json: bytes, counts: Counts) -> bytes:
        """The JSON of an object without what the rules redact.

        It is encoded anew in any case: of fields with equal names, only the last one is left, and was looked at.
        """
        return msgspec.json.encode(self._value(msgspec.json.decode(json), counts))

    def tags(self, tags: dict[str, str], counts: Counts) -> dict[str, str]:
        """Tags without what the rules redact."""
        redacted: dict[str, str] = self._value(tags, counts)
        return redacted

    def text(self, text: str, counts: Counts) -> str:
        """A text without what the patterns find."""
        for rule, pattern in self._patterns:
            text, count = replaced(text, pattern, self._replacement[rule.action])
            if count:
                counts[rule.name] += count
        return text

    @property
    def _replacement(self) -> Mapping[str, Callable[[str], str]]:
        return {DROP: lambda _: "", MASK: lambda _: MASKED, HASH: self._hash}

    def _value(self, value: Any, counts: Counts) -> Any:
        if isinstance(value, dict):
            return dict(self._fields(value, counts))
        if isinstance(value, list):
            return [self._value(item, counts) for item in value]
        if self.has_patterns:
            if isinstance(value, str):
                return self.text(value, counts)
            if type(value) is int:
                text = str(value)
                redacted = self.text(text, counts)
                return value if redacted == text else redacted
        return value

    def _fields(self, fields: Mapping[str, Any], counts: Counts) -> Iterable[tuple[str, Any]]:
        for name, value in fields.items():
            rule = self._by_name.get(folded(name))
            if rule is None or value is None:
                yield name, self._value(value, counts)
                continue
            redacted = MASKED if rule.action == MASK else self._hash(_text_of(value)) if rule.action == HASH else None
            if redacted != value:
                counts[rule.name] += 1
            if redacted is not None:
                yield name, redacted


class Rules:
    """All rules together.

    Attributes:
        user_id: the rule for `user_id`, if there is one; the first one by name decides, also for a field in `data`.
        has_each_event: whether each event must be looked at, since names of fields alone do not decide.
    """

    def __init__(self, rules: Iterable[Rule], hash_: Callable[[str], str]) -> None:
        rules = sorted(rules, key=_name)
        self.data, self.message, self.tags = (Place(rules, place, hash_) for place in (DATA, MESSAGE, TAGS))
        self.user_id = next((rule for rule in rules if rule.user_id is not None), None)
        self.has_each_event = self.user_id is not None or self.data.has_patterns


def _name(rule: Rule) -> str:
    return rule.name


def _text_of(value: Any) -> str:
    """The text of a value to be hashed: a string itself, else its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
