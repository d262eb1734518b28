"""The commands about people who are signed in: `analytics sessions list` and `revoke`."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import quote, urlencode

import click

from analytics.cli.common import key_options, url_option
from analytics.cli.service import print_table, service

SESSION_HEADS = ("id", "who", "scopes", "since", "last used", "address", "expires")


class SessionDetails(TypedDict):
    """A session in an answer of the service."""

    id: str
    who: str
    scopes: list[str]
    since: str
    last_used: str | None
    address: str | None
    expires_at: str


@click.group("sessions")
def sessions_command() -> None:
    """List and end the sessions of people who are signed in on the page.

    A key with the scope `admin` sees and ends all sessions, others those that were opened with them.
    """


@sessions_command.command("list")
@url_option
@key_options
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the service, one JSON object.")
def list_command(url: str, key: str, as_json: bool) -> None:
    """List the sessions, the newest first."""
    import json

    from analytics.feed.errors import ForeignAnswerError

    with service(url, key) as client:
        answer = client.get("/sessions", {})
        try:
            rows = [_row(each) for each in answer["sessions"]]
        except (KeyError, TypeError):
            raise ForeignAnswerError(client.url) from None
    if as_json:
        click.echo(json.dumps(answer))
    else:
        print_table(SESSION_HEADS, rows)


@sessions_command.command("revoke")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--who", metavar="NAME", help="Instead of an ID: all sessions of this person or key, as `list` names it.")
@url_option
@key_options
def revoke_command(id_: str | None, who: str | None, url: str, key: str) -> None:
    """End a session, or all of one person; their live connections end within a second."""
    if (id_ is None) == (who is None):
        raise click.UsageError("Either an ID or --who is needed.")
    path = f"/sessions?{urlencode({'who': who})}" if id_ is None else f"/sessions/{quote(id_, safe='')}"
    with service(url, key) as client:
        ended = client.delete(path).get("ended", 1)
    click.echo(f"ended {ended} session{'' if ended == 1 else 's'}", err=True)


def _row(session: SessionDetails) -> tuple[str, ...]:
    return (
        session["id"],
        session["who"],
        ",".join(session["scopes"]),
        session["since"],
        session["last_used"] or "-",
        session["address"] or "-",
        session["expires_at"],
    )
