"""Labels of a stream as Loki writes them: `{app="shop", env="prod"}`.

Source: grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
"""

import re

from analytics.short_texts import remembers_short

LONGEST_LABELS = 64 * 1024
"""Characters of the labels of one stream."""
SHORT = 1_024
"""Characters of those that are remembered."""
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_.:]*)\s*=\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(,|$)', re.DOTALL)
_ESCAPE = re.compile(r"""\\(x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)""", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class BadLabelsError(Exception):
    """A text is not the labels of a stream; the message says where."""


@remembers_short(1024, SHORT)
def parse_labels(text: str) -> dict[str, str]:
    """The labels of a stream by name.

    Raises:
        BadLabelsError: the text is not such labels, or too long.
    """
    if len(text) > LONGEST_LABELS:
        raise BadLabelsError(f"the labels {text[:80]!r} have more than {LONGEST_LABELS} characters")
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        raise BadLabelsError(f"the labels {text[:80]!r} do not stand in braces")
    inner = inner[1:-1].strip()
    labels: dict[str, str] = {}
    at = 0
    while at < len(inner):
        found = _LABEL.match(inner, at)
        if found is None:
            raise BadLabelsError(f"the labels {text[:80]!r} are malformed near {inner[at : at + 20]!r}")
        labels[found[1]] = _unquoted(found[2])
        at = found.end()
    return labels


def _unquoted(quoted: str) -> str:
    inner = quoted[1:-1]
    return inner if quoted[0] == "`" or "\\" not in inner else _ESCAPE.sub(_character, inner)


def _character(found: re.Match[str]) -> str:
    escape = found[1]
    if escape[0] in "xuU" and len(escape) > 1:
        number = int(escape[1:], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "�"
    if len(escape) == 3:
        return chr(int(escape, 8))
    return _PLAIN.get(escape, escape)
