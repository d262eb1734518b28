"""The words of a message, for people: a title, a line for each alert, and the colour of its state."""

from collections.abc import Callable, Sequence

import msgspec

from analytics.alerts.notify.bodies import common
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.notifications import REMINDER, MessageAlert, QueuedMessage

RED, GREEN = "#d92d20", "#12864a"
MOST_LINES = 20
"""How many alerts a text names."""
MOST_TITLE, MOST_TEXT = 250, 100_000
"""Characters of a title, and of all of a text where the receiver has no limit of its own."""
Size = Callable[[str], int]
"""The size of a text, as a receiver counts it."""
NOT_SHOWN = {"alertname"}


def title(message: QueuedMessage) -> str:
    """One line: `[FIRING:2] HighErrorRate (checkout)`."""
    state = f"FIRING:{message.firing}" if message.firing else "RESOLVED"
    reminder = " (still)" if message.reason == REMINDER else ""
    values = [value for name, value in message.labels if name != "alertname"]
    names = sorted({dict(alert.key.labels).get("alertname", alert.key.rule) for alert in message.alerts})
    shared = common([dict(alert.key.labels) for alert in message.alerts])
    if not values and "service" in shared:
        values = [shared["service"]]
    what = names[0] if len(names) == 1 else f"{len(names)} alerts"
    where = f" ({', '.join(values)})" if values else ""
    return cut(f"[{state}]{reminder} {what}{where}", MOST_TITLE)


def lines(message: QueuedMessage, most: int = MOST_LINES) -> list[str]:
    """A line for each alert, and one that says how many more there are."""
    shown = list(message.alerts[:most])
    return [*map(_line, shown), *_more(message.firing + message.resolved - len(shown))]


def fitted(message: QueuedMessage, most: int, size: Size = len, written: Callable[[str], str] = str) -> str:
    """The lines that fit into a size together; the first one is cut if it does not fit alone.

    Args:
        written: writes a line as the receiver needs it, such as with escaped characters.
    """
    found = [_line(alert) for alert in message.alerts[:MOST_LINES]]
    total = message.firing + message.resolved
    for count in range(len(found), 0, -1):
        joined = "\n".join([*map(written, found[:count]), *_more(total - count)])
        if size(joined) <= most:
            return joined
    if not found:
        return ""
    for length in range(min(most, len(found[0])), 0, -10):
        joined = "\n".join([written(cut(found[0], length)), *_more(total - 1)])
        if size(joined) <= most:
            return joined
    return ""


def text(
    message: QueuedMessage, public_url: str, links: MessageLinks = NO_LINKS, most: int = MOST_TEXT, size: Size = len
) -> str:
    """The whole message as plain text of at most some size; addresses are never cut."""
    heading, ending = title(message), addresses(public_url, links)
    room = most - size("\n".join([heading, *ending])) - 1
    return "\n".join(filter(None, [heading, fitted(message, room, size), *ending]))


def addresses(public_url: str, links: MessageLinks) -> list[str]:
    """A line for each address that people can open."""
    return [*([public_url] if public_url else []), *([f"Silence: {links.silence}"] if links.silence else [])]


def cut(text: str, most: int, size: Size = len) -> str:
    """A text of at most some size; one that was longer ends with an ellipsis."""
    found = text if len(text) <= most else f"{text[: most - 1]}…"
    while size(found) > most:
        found = f"{found[:-2]}…"
    return found


def utf8_bytes(text: str) -> int:
    """The size of a text in UTF-8."""
    return len(text.encode())


def utf16_units(text: str) -> int:
    """The size of a text in code units of UTF-16, in which some services count characters."""
    return len(text.encode("utf-16-le")) // 2


def json_bytes(text: str) -> int:
    """The size of a text in JSON."""
    return len(msgspec.json.encode(text))


def colour(message: QueuedMessage) -> str:
    """Red while an alert of the group fires, else green."""
    return RED if message.firing else GREEN


def severity(alerts: Sequence[MessageAlert]) -> str:
    """The highest severity among the labels `severity`, in the words of PagerDuty."""
    found = {dict(alert.key.labels).get("severity", "").lower() for alert in alerts}
    for words, name in (({"critical", "page"}, "critical"), ({"error", "high"}, "error"), ({"info", "none"}, "info")):
        if found & words:
            return name
    return "warning"


def summary(alert: MessageAlert) -> str:
    """What an alert is about: its summary, else its description, else its labels."""
    for name in ("summary", "description", "message"):
        if alert.annotations.get(name):
            return alert.annotations[name]
    return ", ".join(f"{name}={value}" for name, value in alert.key.labels if name not in NOT_SHOWN) or alert.key.rule


def _more(count: int) -> list[str]:
    return [f"… and {count} more"] if count > 0 else []


def _line(alert: MessageAlert) -> str:
    state = "firing" if alert.ended is None else "resolved"
    value = "" if alert.value is None or alert.ended is not None else f" (value {alert.value:g})"
    return f"{state}: {' '.join(summary(alert).split())}{value}"
