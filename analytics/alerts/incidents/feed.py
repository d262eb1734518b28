"""The Atom feed of the status page (RFC 4287)."""

from html import escape

from analytics.alerts.incidents.status import ShownIncident, StatusPage


def atom(page: StatusPage, address: str) -> str:
    """The feed of incidents; `address` is that of the page."""
    newest = max((_updated(each) for each in page["incidents"]), default=page["timestamp"])
    entries = "".join(_entry(each, address) for each in page["incidents"])
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>{escape(address)}</id>\n<title>{escape(page['title'])}</title>\n<updated>{newest}</updated>\n"
        f"<author><name>{escape(page['title'])}</name></author>\n"
        f'<link rel="alternate" href="{escape(address)}"/>\n'
        f'<link rel="self" href="{escape(address)}/feed.atom"/>\n{entries}</feed>\n'
    )


def _entry(incident: ShownIncident, address: str) -> str:
    end = f", resolved at {incident['resolved_at']}" if incident["resolved_at"] else ""
    text = f"{', '.join(incident['components'])}: {incident['state']} since {incident['started_at']}{end}."
    return (
        f"<entry>\n<id>urn:incident:{incident['id']}</id>\n<title>{escape(incident['title'])}</title>\n"
        f"<published>{incident['started_at']}</published>\n<updated>{_updated(incident)}</updated>\n"
        f'<link href="{escape(address)}#{incident["id"]}"/>\n<summary>{escape(text)}</summary>\n</entry>\n'
    )


def _updated(incident: ShownIncident) -> str:
    return incident["resolved_at"] or incident["started_at"]
