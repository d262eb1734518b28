"""Conditions on labels as Alertmanager writes them: `severity="critical"`, `service=~"shop|cart"`."""

import re

from analytics.promql.matchers import LabelMatcher

_CONDITION = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*')


def condition_of(text: str) -> LabelMatcher:
    """The condition in a text; quotes may be left out where the value has no blanks.

    Raises:
        ValueError: it is none.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ValueError('not a condition such as severity="critical" or service=~"shop|cart"')
    name, operator, quoted, bare = found.groups()
    return LabelMatcher(name, operator, bare if quoted is None else re.sub(r"\\(.)", _unescaped, quoted))


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1] if found[1] in '"\\' else found[0]
