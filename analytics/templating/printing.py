"""Values as texts, as Go prints them; `printf` with its common verbs."""

import json
import re
from typing import Any

from analytics.promql.text import float_text

_VERB = re.compile(r"%([-+ #0]*+)([0-9]*+)(?:\.([0-9]*+))?([a-zA-Z%])")
WIDEST = 1_000
"""Characters that a verb may ask for."""


def printed(value: Any) -> str:
    """A value as `print` writes it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{printed(value[name])}' for name in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(printed, value))}]"
    return str(value)


def printf(form: Any, *arguments: Any) -> str:
    """Arguments in a format of Go's `fmt`."""
    waiting = list(arguments)

    def verb(found: "re.Match[str]") -> str:
        flags, width, precision, letter = found[1], int(found[2] or 0), found[3], found[4]
        if letter == "%":
            return "%"
        if not waiting:
            return f"%!{letter}(MISSING)"
        text = _formatted(letter, flags, precision, waiting.pop(0))
        width = min(width, WIDEST)
        if "-" in flags:
            return text.ljust(width)
        if "0" in flags and letter in "dfeEgG":
            return text.zfill(width)
        return text.rjust(width)

    text = _VERB.sub(verb, str(form))
    return text + (f"%!(EXTRA {', '.join(map(_named, waiting))})" if waiting else "")


def _formatted(letter: str, flags: str, precision: str | None, value: Any) -> str:
    plus, digits = ("+" if "+" in flags else ""), min(int(precision or 0), 100)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if letter == "v":
        return printed(value)
    if letter == "t" and isinstance(value, bool):
        return printed(value)
    if letter == "q" and isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if letter == "s" and isinstance(value, str):
        return value if precision is None else value[:digits]
    if letter in "dxXob" and isinstance(value, int) and is_number:
        return f"{value:{plus}{letter}}"
    if letter in "feEgG" and isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return printed(value)
        if precision is None:
            return f"{value:{plus}.6{letter}}" if letter in "feE" else printed(value)
        return f"{value:{plus}.{digits}{letter}}"
    return f"%!{letter}({_named(value)})"


def _named(value: Any) -> str:
    kinds = {bool: "bool", int: "int", float: "float64", str: "string"}
    return f"{kinds.get(type(value), 'map')}={printed(value)}"
