"""Severities of log lines: from the words that sources use, and from the text of a line.

Source: opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber, and its appendix B for syslog
"""

import re
from collections.abc import Mapping

TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, CRITICAL, ALERT, FATAL = 1, 5, 9, 10, 13, 17, 18, 19, 21
SYSLOG_SEVERITIES = (FATAL, ALERT, CRITICAL, ERROR, WARN, NOTICE, INFO, DEBUG)
"""By the number of a severity in syslog."""
WORDS: Mapping[str, int] = {
    **dict.fromkeys(("trace", "trc", "finest", "verbose", "10"), TRACE),
    **dict.fromkeys(("debug", "dbg", "fine", "finer", "20"), DEBUG),
    **dict.fromkeys(("info", "inf", "information", "informational", "config", "success", "30"), INFO),
    "notice": NOTICE,
    **dict.fromkeys(("warn", "warning", "wrn", "40"), WARN),
    **dict.fromkeys(("error", "err", "eror", "severe", "exception", "50"), ERROR),
    "alert": ALERT,
    **dict.fromkeys(("fatal", "critical", "crit", "panic", "emerg", "emergency", "60"), FATAL),
}
"""Severities by words in lower case, and by the numbers of bunyan and pino."""
_SUFFIXED = {
    f"{word}{number}": WORDS[word] + number - 1
    for word in ("trace", "debug", "info", "warn", "error", "fatal")
    for number in (2, 3, 4)
}
LOOKED_AT = 256
"""Characters of a line in which its level is looked for."""
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_NAMED = re.compile(r"""(?:level|lvl|everity|evelname)["'\\]*\s*[=:]\s*["'\\]*([A-Za-z]{3,13}|[1-6]0)\b""").search
_BRACKETS = re.compile(r"\[\s*([A-Za-z]{3,13})\s*\]").finditer
_CAPITALS = re.compile(
    r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL|ALERT|EMERG|PANIC)\b"
).search


def severity_of(word: str) -> int:
    """The severity that a word stands for; 0 if it is none."""
    found = WORDS.get(word)
    if found is not None:
        return found
    plain = word.strip().lower()
    return WORDS.get(plain) or _SUFFIXED.get(plain, 0)


def severity_in(text: str) -> int:
    """The severity that a text states, as in `level=warn`, `"level":"error"`, `[error]` or `ERROR`; or 0."""
    head = text[:LOOKED_AT]
    if "\x1b" in head:
        head = _COLOURS.sub(" ", head)
    if "evel" in head or "lvl" in head or "everity" in head:
        named = _NAMED(head)
        if named is not None:
            severity = severity_of(named[1])
            if severity:
                return severity
    if "[" in head:
        for found in _BRACKETS(head):
            severity = severity_of(found[1])
            if severity:
                return severity
    capitals = _CAPITALS(head)
    return severity_of(capitals[0]) if capitals else 0
