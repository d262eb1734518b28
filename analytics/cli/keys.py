"""The commands that manage the keys of a service: `analytics keys create`, `list`, `rotate` and `revoke`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict
from urllib.parse import quote

import click

from analytics.cli.common import Finite, key_options, url_option
from analytics.cli.service import print_table, service

if TYPE_CHECKING:
    from analytics.feed.service_client import ServiceClient

DURATION = re.compile(r"(\d{1,6})([smhdw])")
DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
KEY_HEADS = ("id", "name", "scopes", "only for", "expires", "items/s", "reads/s", "new names")


class Limit(TypedDict):
    """A rate: items a second on average, and at once."""

    per_second: float
    burst: float


class KeyDetails(TypedDict):
    """A key in an answer of the service; `secret` and `enforced` only after its creation and rotation."""

    id: str
    name: str
    scopes: list[str]
    services: list[str]
    types: list[str]
    origins: list[str]
    expires_at: str | None
    limits: dict[str, Limit | None]
    new_names: float | None
    secret: NotRequired[str]
    enforced: NotRequired[bool]


class Duration(click.ParamType[timedelta]):
    """A number and a unit, such as 30d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = DURATION.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is not a number with s, m, h, d or w, such as 30d", param, ctx)
        return timedelta(**{DURATION_UNITS[found[2]]: int(found[1])})


class Expiry(click.ParamType[str]):
    """A time in RFC 3339, or a duration from now on; converted to RFC 3339."""

    name = "expiry"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if DURATION.fullmatch(value):
            until = datetime.now(UTC) + Duration().convert(value, param, ctx)
            return until.isoformat(timespec="seconds").replace("+00:00", "Z")
        try:
            is_time = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            is_time = False
        if not is_time:
            self.fail(f"{value!r} is neither like 2030-01-31T00:00:00Z nor like 30d", param, ctx)
        return str(value)


@click.group("keys")
def keys_command() -> None:
    """Create, list, rotate and revoke the keys of a service.

    The commands need a key with the scope `admin` themselves, unless the service requires no keys yet.
    """


@keys_command.command("create")
@url_option
@key_options
@click.option("--name", required=True, metavar="TEXT", help="Name for people, such as 'checkout server'.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["ingest", "read", "admin"]),
    help="What the key may do: send, read, or everything; may be repeated.",
)
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only records of this service; repeatable.")
@click.option("--type", "types", multiple=True, metavar="NAME", help="Only events of this type; repeatable.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Only for pages of this origin, such as https://shop.example; repeatable. Such a key may be public.",
)
@click.option(
    "--expires",
    type=Expiry(),
    metavar="TIME",
    show_default="never",
    help="From when the key is not accepted any more: RFC 3339, or from now on, such as 30d or 12h.",
)
@click.option(
    "--rate",
    type=Finite(0, 1e9, min_open=True),
    metavar="NUMBER",
    show_default="no limit, for keys with --origin 50",
    help="Items that the key may send a second, on average.",
)
@click.option(
    "--burst",
    type=Finite(1, 1e9),
    metavar="NUMBER",
    show_default="twice the rate",
    help="Items that the key may send at once.",
)
@click.option(
    "--read-rate",
    type=Finite(0, 1e9, min_open=True),
    metavar="NUMBER",
    show_default="ANALYTICS_READ_RATE",
    help="Requests that read which the key may send a second, on average; twice as many at once.",
)
@click.option(
    "--new-names",
    type=click.IntRange(0, 1_000_000),
    metavar="NUMBER",
    show_default="any number",
    help="New services, event types and series that the key may create.",
)
def create_command(
    url: str,
    key: str,
    name: str,
    scopes: tuple[str, ...],
    services: tuple[str, ...],
    types: tuple[str, ...],
    origins: tuple[str, ...],
    expires: str | None,
    rate: float | None,
    burst: float | None,
    read_rate: float | None,
    new_names: int | None,
) -> None:
    """Create a key.

    Prints its secret alone on standard output. It is shown only this once: the service keeps a hash of it.
    """
    if burst is not None and rate is None:
        raise click.UsageError("--burst needs --rate.")
    body: dict[str, Any] = {"name": name, "scopes": scopes, "services": services, "types": types, "origins": origins}
    body |= {"expires_at": expires, "new_names": new_names}
    limits = {"ingest": _limit(rate, burst), "reads": _limit(read_rate, None)}
    body["limits"] = {name: limit for name, limit in limits.items() if limit is not None}
    with service(url, key) as client:
        _show_secret(_key_in(client, client.post("/keys", body)), "created")


@keys_command.command("list")
@url_option
@key_options
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the service, one JSON object.")
def list_command(url: str, key: str, as_json: bool) -> None:
    """List the keys, without their secrets."""
    import json

    from analytics.feed.errors import ForeignAnswerError

    with service(url, key) as client:
        answer = client.get("/keys", {})
        try:
            rows = [_row(each) for each in answer["keys"]]
        except (KeyError, TypeError):
            raise ForeignAnswerError(client.url) from None
    if as_json:
        click.echo(json.dumps(answer))
        return
    print_table(KEY_HEADS, rows)


@keys_command.command("rotate")
@click.argument("id_", metavar="ID")
@url_option
@key_options
@click.option(
    "--overlap",
    type=Duration(),
    default="0s",
    metavar="DURATION",
    show_default="not at all",
    help="How long the previous secret is accepted too, such as 1h.",
)
def rotate_command(id_: str, url: str, key: str, overlap: timedelta) -> None:
    """Give a key a new secret, which is printed alone on standard output."""
    with service(url, key) as client:
        path = f"/keys/{quote(id_, safe='')}/rotate"
        answer = client.post(path, {"overlap_seconds": int(overlap.total_seconds())})
        _show_secret(_key_in(client, answer), "rotated")


@keys_command.command("revoke")
@click.argument("id_", metavar="ID")
@url_option
@key_options
def revoke_command(id_: str, url: str, key: str) -> None:
    """Revoke a key: it is refused from now on, and sessions that were opened with it end."""
    with service(url, key) as client:
        client.delete(f"/keys/{quote(id_, safe='')}")
        click.echo(f"revoked {id_}", err=True)


def _key_in(client: ServiceClient, answer: dict[str, Any]) -> KeyDetails:
    from analytics.feed.errors import ForeignAnswerError

    if not {"id", "name", "secret"} <= answer.keys():
        raise ForeignAnswerError(client.url)
    return answer  # type: ignore[return-value]


def _show_secret(key: KeyDetails, done: str) -> None:
    click.echo(f"{done} key {key['id']} ({key['name']}); its secret is shown only this once:", err=True)
    click.echo(key["secret"])
    if not key.get("enforced", True):
        click.echo("The service does not require keys yet: create one with the scope admin, too.", err=True)


def _limit(rate: float | None, burst: float | None) -> Limit | None:
    return None if rate is None else {"per_second": rate, "burst": burst or max(1.0, 2 * rate)}


def _row(key: KeyDetails) -> tuple[str, ...]:
    rates = [key["limits"].get(name) for name in ("ingest", "reads")]
    return (
        key["id"],
        key["name"],
        ",".join(key["scopes"]),
        ", ".join([*key["services"], *key["types"], *key["origins"]]) or "-",
        key["expires_at"] or "never",
        *(f"{rate['per_second']:g}" if rate else "-" for rate in rates),
        "-" if key["new_names"] is None else f"{key['new_names']:g}",
    )
