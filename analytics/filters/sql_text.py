"""SQL of folded texts, and the regular expression that finds a text in JSON with escapes."""

from collections.abc import Callable
from typing import Any

from analytics.filters.text import may_span_tokens
from analytics.filters.values import FOLDED_FROM, OWN_ID, fold

RARE_FIRST = "zqjxkvwyphgumlrsnitofbdcae-_./:, 0123456789"
"""Characters of texts, from rare to frequent; others are rarer. Letters of hexadecimal numbers are frequent."""
_SHORT = {'"': r"\\\"", "\\": r"\\\\", "/": r"\\/"}
_UNIT = r"(?:[^\\]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^u])"
"""One character of JSON, which may be escaped."""
_TOKENS = r'("(?:[^"\\]|\\.)*")|\s+'
"""A text of JSON, or white space beside one."""


def folded(column: str, wanted: str) -> str:
    """SQL of a text folded like `fold` does, as far as it matters to compare it with `wanted`."""
    lowered = f"lower({column})"
    return f"replace({lowered}, '\u03c2', '\u03c3')" if "\u03c3" in wanted else lowered


def contains_sql(json: str, text: str, add: Callable[[Any], str], compact: str | None = None) -> str:
    """SQL whether JSON text contains a folded text; `add` makes parameters or literals of values.

    White space between tokens does not count. `compact` is SQL of the JSON without it, where that is known.
    """
    searched = json
    if may_span_tokens(text):
        searched = compact_sql(json) if compact is None else compact
    return (
        f"CASE WHEN contains({json}, '\\') THEN regexp_matches({searched}, {add(escaped_pattern(text))})"
        f" WHEN {may_contain_sql(json, text, add)} THEN contains({folded(searched, text)}, {add(text)}) ELSE false END"
    )


def plain_contains_sql(column: str, text: str, add: Callable[[Any], str]) -> str:
    """SQL whether a text that is folded and without escapes contains a folded text: a third of the time or less."""
    return f"coalesce(contains({column}, {add(text)}), false)"


def compact_sql(json: str) -> str:
    """SQL of JSON text without white space between tokens; all else stays as it is, to the digit."""
    has_tokens = f"(starts_with({json}, '{{') OR starts_with({json}, '['))"
    return (
        f"CASE WHEN {has_tokens} AND regexp_matches({json}, '\\s')"
        f" THEN regexp_replace({json}, '{_TOKENS}', '\\1', 'g') ELSE {json} END"
    )


def name_contains_sql(name: str, text: str, add: Callable[[Any], str]) -> str:
    """SQL whether a column of texts contains a folded text; ids that the server assigned do as a whole only."""
    contained = f"contains({folded(name, text)}, {add(text)})"
    if name == "id":
        is_whole = f"{folded(name, text)} = {add(text)}"
        contained = f"({contained} AND ({is_whole} OR NOT regexp_full_match(id, {add(OWN_ID)})))"
    return f"CASE WHEN {may_contain_sql(name, text, add)} THEN {contained} ELSE false END"


def may_contain_sql(column: str, text: str, add: Callable[[Any], str]) -> str:
    """SQL whether a text has the rarest character of a folded text, in any case: takes less time than to fold it."""
    if not text:
        return "true"
    rarest = min(text, key=RARE_FIRST.find)
    return "(" + " OR ".join(f"contains({column}, {add(each)})" for each in same_folded(rarest)) + ")"


def quoted_pattern(text: str) -> str:
    """The regular expression of RE2 for a text itself."""
    return "".join(c if c.isalnum() or not c.isascii() else f"\\x{{{ord(c):x}}}" for c in text)


def escaped_pattern(text: str) -> str:
    """The regular expression of RE2 for JSON that contains a folded text, each character as it is or as an escape.

    It is anchored at the start and reads whole escapes, so that it finds no text inside of them.
    """
    return f"(?s)^{_UNIT}*?{''.join(map(_any_form, text))}"


def _any_form(folded_character: str) -> str:
    forms = []
    for character in same_folded(folded_character):
        if character != "\\":
            forms.append(quoted_pattern(character))
        if character in _SHORT:
            forms.append(_SHORT[character])
        units = character.encode("utf-16-be").hex()
        forms.append("".join(rf"\\u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4)))
    return f"(?:{'|'.join(forms)})"


def same_folded(character: str) -> list[str]:
    """All characters that fold to this one."""
    candidates = {character, character.upper(), character.title(), FOLDED_FROM.get(character, character)}
    return sorted(each for each in candidates if len(each) == 1 and fold(each) == character)
