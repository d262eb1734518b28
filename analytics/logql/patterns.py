"""Regular expressions, and patterns such as `<ip> - <_> "<method> <path>"`."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from analytics.logql.errors import BadLogQuery

_CAPTURE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")
MOST_MEMORY = 1 << 20
"""Bytes that an expression may need."""


@lru_cache(maxsize=256)
def expression(pattern: str) -> Any:
    """A compiled regular expression of RE2.

    Raises:
        BadLogQuery: it is not valid.
    """
    import re2  # its time is linear, whatever the expression

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        problem = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadLogQuery(f"parse error : error parsing regexp: {problem}: `{pattern[:100]}`") from None


def whole_match(pattern: str) -> Callable[[str], bool]:
    """Whether all of a text matches an expression, as it is for labels."""
    found = expression(f"^(?:{pattern})$")
    return lambda text: found.search(text) is not None


def named_groups(pattern: str) -> Callable[[str], dict[str, str]]:
    """A function from a text to the named groups of an expression that is found in it.

    Raises:
        BadLogQuery: it is not valid, or has no named group.
    """
    found = expression(pattern)
    names = list(found.groupindex)
    if not names:
        raise BadLogQuery("parse error : at least one named capture must be supplied")

    def groups(text: str) -> dict[str, str]:
        match = found.search(text)
        return {} if match is None else {name: match.group(name) or "" for name in names}

    return groups


def captures(pattern: str) -> Callable[[str], dict[str, str]]:
    """A function from a line to what stands at the captures of a pattern; up to where the pattern fits.

    Raises:
        BadLogQuery: it has no capture with a name, or two without a text between them.
    """
    texts, names, at = [], [], 0
    for match in _CAPTURE.finditer(pattern):
        texts.append(pattern[at : match.start()])
        names.append(match[1])
        at = match.end()
    texts.append(pattern[at:])
    if not any(name != "_" for name in names):
        raise BadLogQuery("parse error : at least one capture with a name is required, such as <path>")
    if any(not text for text in texts[1:-1]):
        raise BadLogQuery("parse error : captures of a pattern that follow each other need a text in between")
    named = [name for name in names if name != "_"]
    if len(set(named)) != len(named):
        raise BadLogQuery("parse error : a pattern has two captures with the same name")

    def found(line: str) -> dict[str, str]:
        first = texts[0]
        if not line.startswith(first):
            return {}
        found, place = dict[str, str](), len(first)
        for name, text in zip(names, texts[1:], strict=True):
            end = line.find(text, place) if text else len(line)
            if end < 0:
                return found
            if name != "_":
                found[name] = line[place:end]
            place = end + len(text)
        return found

    return found


def pattern_expression(pattern: str) -> str:
    """The regular expression of a pattern of the line filters `|>` and `!>`, in which `<_>` stands for anything."""
    return "(?s)" + ".*".join(quoted(text) for text in pattern.split("<_>"))


def quoted(text: str) -> str:
    """The regular expression for a text itself."""
    return "".join(c if c.isalnum() or not c.isascii() else f"\\x{{{ord(c):x}}}" for c in text)
