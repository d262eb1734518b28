"""Replaces what a regular expression finds, as Go does.

Source: pkg.go.dev/regexp#Regexp.Expand
"""

import re
from contextlib import suppress
from typing import Any

from analytics.templating.errors import TemplateFailed
from analytics.templating.limits import LONGEST_TEXT

_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))")
_MOST_DIGITS = 8


def replaced(expression: Any, text: str, replacement: str, *, is_literal: bool = False) -> str:
    """A text with each match of an expression replaced.

    Raises:
        TemplateFailed: it would be too long.
    """
    length = 0

    def written(match: Any) -> str:
        nonlocal length
        found = replacement if is_literal else expanded(match, replacement)
        length += len(found)
        check_length(length)
        return found

    changed: str = expression.sub(written, text)
    return changed


def expanded(match: Any, template: str) -> str:
    """A template with `$1`, `${1}` and `${name}` replaced by the groups of a match, and `$$` by `$`.

    Raises:
        TemplateFailed: the text would be too long.
    """
    found, at, length = list[str](), 0, len(template)
    for reference in _REFERENCE.finditer(template):
        group = "$" if reference[1] else _group(match, reference[2] or reference[3])
        found += (template[at : reference.start()], group)
        length += len(group)
        check_length(length)
        at = reference.end()
    return "".join([*found, template[at:]])


def check_length(length: int) -> None:
    """Check how long a text would be.

    Raises:
        TemplateFailed: it is too long.
    """
    if length > LONGEST_TEXT:
        raise TemplateFailed(f"a text would have more than {LONGEST_TEXT:,} characters")


def _group(match: Any, name: str) -> str:
    """A group of a match by its name or number; empty if there is none."""
    with suppress(IndexError, KeyError):
        if not name.isdigit():
            return match.group(name) or ""
        if len(name) <= _MOST_DIGITS:
            return match.group(int(name)) or ""
    return ""
