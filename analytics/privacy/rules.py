"""Redaction rules, prepared for use on many records."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, NamedTuple

import msgspec

from analytics.privacy.names import PAIR_NAMES, PAIR_VALUE, NameSearch, folded
from analytics.privacy.patterns import LEAST_NUMBER, PATTERNS, SHORTEST_FIND, Pattern, replaced
from analytics.schemas.redaction import DATA, DROP, HASH, MASK, MESSAGE, TAGS

MASKED = "***"
REPLACEMENT: Mapping[str, Callable[[str], str]] = {DROP: lambda _: "", MASK: lambda _: MASKED}
"""The replacement of a text that a pattern finds, by action."""
MOST_HARMLESS = 10_000
"""Names of labels that are remembered as not redacted."""
Counts = Counter[str]
"""How many fields and texts were redacted, by the name of the rule."""


class Work(NamedTuple):
    """The counts of one request whose records are redacted, and the function that hashes a text."""

    counts: Counts
    hash_: Callable[[str], str]


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

    def __init__(self, rules: Iterable[Rule], place: str) -> None:
        here = [rule for rule in rules if place in rule.applies_to]
        self._by_name = {name: rule for rule in reversed(here) for name in rule.names}
        self._harmless = set[str]()
        self._patterns = [(rule, pattern) for rule in here for pattern in rule.patterns]
        self._hints = list({pattern.hint: None for _, pattern in self._patterns})
        self.names = NameSearch(self._by_name)
        self.is_empty = not (self._by_name or self._patterns)
        self.has_patterns = bool(self._patterns)

    def may_match(self, json: bytes) -> bool:
        """Whether JSON has a field or text to redact; sometimes wrongly true, never wrongly false."""
        if self.names.is_in(json):
            return True
        return self.has_patterns and (b"\\u" in json or any(hint.search(json) for hint in self._hints))

    def has_any(self, fields: Iterable[tuple[str, object]]) -> bool:
        """Whether one of these fields has a name that is redacted, or may be a pair with such a name."""
        known = self._harmless
        for name, _ in fields:
            if name not in known:
                plain = folded(name)
                if plain == PAIR_VALUE or plain in self._by_name:
                    return True
                if len(known) >= MOST_HARMLESS:
                    known.clear()
                known.add(name)
        return False

    def may_redact(self, names: Set[str]) -> bool:
        """Whether a record whose fields have some of these names may have one to redact, also as a pair."""
        return self.has_any((name, None) for name in names - self._harmless)

    def object(self, json: bytes, work: Work) -> bytes:
        """The JSON of an object without what the rules redact.

        It is encoded anew in any case: of fields with equal names, only the last one is left, and was looked at.
        """
        return msgspec.json.encode(self._value(msgspec.json.decode(json), work))

    def rule_for(self, name: str) -> Rule | None:
        """The rule for fields with a name."""
        return self._by_name.get(folded(name))

    def tags(self, tags: dict[str, str], work: Work) -> dict[str, str]:
        """Tags without what the rules redact."""
        redacted: dict[str, str] = self._value(tags, work)
        return redacted

    def text(self, text: str, work: Work) -> str:
        """A text without what the patterns find."""
        if len(text) < SHORTEST_FIND:
            return text
        for rule, pattern in self._patterns:
            replace = work.hash_ if rule.action == HASH else REPLACEMENT[rule.action]
            text, count = replaced(text, pattern, replace)
            if count:
                work.counts[rule.name] += count
        return text

    def _value(self, value: Any, work: Work) -> Any:
        if isinstance(value, dict):
            return dict(self._fields(value, work))
        if isinstance(value, list):
            return [self._value(item, work) for item in value]
        if self.has_patterns:
            if isinstance(value, str):
                return self.text(value, work)
            if type(value) is int and abs(value) >= LEAST_NUMBER:
                text = str(value)
                redacted = self.text(text, work)
                return value if redacted == text else redacted
        return value

    def _fields(self, fields: Mapping[str, Any], work: Work) -> Iterable[tuple[str, Any]]:
        names = [folded(name) for name in fields]
        of_pair = self._rule_of_pair(names, fields) if PAIR_VALUE in names else None
        for plain, (name, value) in zip(names, fields.items(), strict=True):
            rule = self._by_name.get(plain) or (of_pair if plain == PAIR_VALUE else None)
            if rule is None or value is None:
                yield name, self._value(value, work)
                continue
            redacted = MASKED if rule.action == MASK else work.hash_(_text_of(value)) if rule.action == HASH else None
            if redacted != value:
                work.counts[rule.name] += 1
            if redacted is not None:
                yield name, redacted

    def _rule_of_pair(self, names: Iterable[str], fields: Mapping[str, Any]) -> Rule | None:
        """The rule for `value` in a pair such as `{"name": "authorization", "value": "..."}`."""
        named = [value for plain, value in zip(names, fields.values(), strict=True) if plain in PAIR_NAMES]
        rules = (self._by_name.get(folded(each)) for each in named if isinstance(each, str))
        return next(filter(None, rules), None)


class RedactionRules:
    """All rules together.

    Attributes:
        user_id: the rule for `user_id`, if there is one; the first one by name decides, also for a field in `data`.
        has_each_event: whether each event must be looked at, since names of fields alone do not decide.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = sorted(rules, key=_name)
        self.data, self.message, self.tags = (Place(rules, place) for place in (DATA, MESSAGE, TAGS))
        self.user_id = next((rule for rule in rules if rule.user_id is not None), None)
        self.has_each_event = self.user_id is not None or self.data.has_patterns


def _name(rule: Rule) -> str:
    return rule.name


def _text_of(value: Any) -> str:
    """The text of a value to be hashed: a string itself, else its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
