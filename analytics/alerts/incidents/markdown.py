"""An incident as a Markdown document, to begin a report with."""

import re
from collections.abc import Iterable, Iterator, Mapping

from analytics.alerts.incidents.answers import IncidentDetails, TimelineRow

STEPS = {
    "fired": "fired",
    "recovered": "recovered",
    "resolved": "resolved: no alert fires any more",
    "reopened": "goes on: an alert fires again",
    "acknowledged": "acknowledged",
    "note": "note",
    "snoozed": "snoozed",
    "escalated": "escalated to",
    "notified": "message sent to",
    "not_notified": "message could not be sent to",
    "silenced": "silenced by",
    "silence_ended": "end of silence",
}
"""The words of the timeline for each step."""


def markdown(incident: IncidentDetails) -> str:
    """The document, with a line for each alert and each entry of the timeline."""
    return "\n".join(_lines(incident)) + "\n"


def _lines(incident: IncidentDetails) -> Iterator[str]:
    yield f"# {plain(incident['title'])}"
    yield ""
    yield f"- Incident: `{incident['id']}`, {incident['state']}"
    yield f"- Began: {incident['started_at']}"
    yield f"- Resolved: {incident['resolved_at'] or 'not yet'} ({_duration(incident['duration_seconds'])})"
    if incident["services"]:
        yield f"- Services: {plain(', '.join(incident['services']))}"
    if incident["acknowledged_at"]:
        yield f"- Acknowledged: {incident['acknowledged_at']} by {plain(incident['acknowledged_by'] or 'somebody')}"
    yield from ("", "## Alerts", "")
    yield from _table(
        ("alert", "fired", "ended", "value", "summary"),
        (
            (
                _labels(member["labels"]),
                member["fired_at"],
                member["ended_at"] or "fires",
                "" if member["value"] is None else f"{member['value']:g}",
                member["annotations"].get("summary", ""),
            )
            for member in incident["members"]
        ),
    )
    if incident["more_alerts"]:
        yield from ("", f"{incident['more_alerts']:,} more alerts ended earlier.")
    yield from ("", "## Timeline", "")
    yield from _table(("time", "what", "who"), map(_step, incident["timeline"]))
    if incident["more_entries"]:
        yield from ("", f"{incident['more_entries']:,} entries in between were dropped.")


def _step(entry: TimelineRow) -> tuple[str, str, str]:
    parts = [STEPS.get(entry["step"], entry["step"]), entry["text"] or _labels(entry["labels"])]
    until = f" until {entry['until']}" if entry["until"] else ""
    return entry["at"], " ".join(filter(None, parts)) + until, entry["who"] or ""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(plain, row))} |"


def _labels(labels: Mapping[str, str]) -> str:
    named = [f"{name}={value}" for name, value in labels.items() if name != "alertname"]
    return " ".join([labels.get("alertname", ""), *named]).strip()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def plain(text: str) -> str:
    """A text in one line in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&!])", r"\\\1", " ".join(text.split()))
