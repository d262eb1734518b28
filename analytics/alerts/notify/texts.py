"""The words of a message, for people: a title, a line for each alert, and the colour of its state."""

from collections.abc import Sequence

from analytics.alerts.notify.bodies import common
from analytics.notifications import REMINDER, MessageAlert, QueuedMessage

RED, GREEN = "#d92d20", "#12864a"
MOST_LINES = 20
"""How many alerts a text names."""
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
    return f"[{state}]{reminder} {what}{where}"


def lines(message: QueuedMessage, most: int = MOST_LINES) -> list[str]:
    """A line for each alert, and one that says how many more there are."""
    shown = list(message.alerts[:most])
    more = message.firing + message.resolved - len(shown)
    return [*map(_line, shown), *([f"… and {more} more"] if more > 0 else [])]


def text(message: QueuedMessage, public_url: str) -> str:
    """The whole message as plain text."""
    return "\n".join([title(message), *lines(message), *([public_url] if public_url else [])])


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


def _line(alert: MessageAlert) -> str:
    state = "firing" if alert.ended is None else "resolved"
    value = "" if alert.value is None or alert.ended is not None else f" (value {alert.value:g})"
    return f"{state}: {summary(alert)}{value}"
