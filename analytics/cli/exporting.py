"""The command that takes an export: `python -m analytics export`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.common import patience_option, url_option, wait_notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.feed.exporting import Export

KINDS = ("events", "metrics", "services", "hourly", "daily")
FORMATS = ("ndjson", "csv", "json")


@click.command("export")
@click.argument("kind", type=click.Choice(KINDS))
@url_option
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="By default what the name of FILE ends with, else ndjson."
)
@click.option("--from", "from_", metavar="TIME", help="From this time on (RFC 3339, such as 2024-01-15T10:30:00Z).")
@click.option("--to", metavar="TIME", help="Before this time.")
@click.option("--type", "type_", metavar="TEXT", help="Events of this type.")
@click.option("--service", metavar="TEXT", help="Events, metrics or the row of this service.")
@click.option("--user-id", metavar="TEXT", help="Events of this user.")
@click.option("--q", "text", metavar="TEXT", help="Events that contain this text.")
@click.option("--name", metavar="TEXT", help="Metrics of this name.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Metrics with this tag; may be repeated.")
@click.option("--bom", is_flag=True, help="Put a byte order mark first, by which spreadsheets know UTF-8; CSV only.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write; '-' is standard output, and a name that ends with .gz is gzipped. By default the name that "
    "the service gives, in this folder.",
)
@patience_option
def export_command(
    kind: str,
    url: str,
    form: str | None,
    from_: str | None,
    to: str | None,
    type_: str | None,
    service: str | None,
    user_id: str | None,
    text: str | None,
    name: str | None,
    tags: tuple[str, ...],
    bom: bool,
    output: str | None,
    patience: float,
) -> None:
    """Write what the service holds to a file.

    Events and metrics come oldest first as far as they are kept, and can be imported again; services, hourly and daily
    are statistics. The file appears when it is complete: an export that breaks off leaves none.
    """
    import time

    from analytics.feed.exporting import Export
    from analytics.feed.sender import FeedError, Sender

    named = {"from": from_, "to": to, "type": type_, "service": service, "user_id": user_id, "q": text, "name": name}
    named["bom"] = "1" if bom else None
    filters = [(key, value) for key, value in named.items() if value is not None] + [_tag(tag) for tag in tags]
    started = time.monotonic()
    try:
        with (
            Sender(url, patience=patience, on_wait=wait_notice()) as sender,
            Export(sender, kind, form or _form_of(output or ""), filters) as export,
        ):
            target = _write(export, output, f"Exporting {kind}")
            rows = export.rows
    except FeedError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("Error: interrupted", err=True)
        sys.exit(130)
    click.echo(f"{rows:,} rows in {target}, took {time.monotonic() - started:.1f} s", err=True)


def _tag(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{given!r} is not like host=web-1", param_hint="--tag")
    return f"tag.{key}", value


def _form_of(output: str) -> str:
    ending = output.removesuffix(".gz").rpartition(".")[2]
    return ending if ending in FORMATS else FORMATS[0]


def _write(export: Export, output: str | None, label: str) -> str:
    """Write it all; what it was written to, for people to read."""
    from pathlib import Path

    from analytics.feed.exporting import replaced_when_whole

    if output == "-":
        for piece in _drawn(export, label):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return "standard output"
    path = Path(output or export.name)
    with replaced_when_whole(path) as file:
        for piece in _drawn(export, label):
            file.write(piece)
    return str(path)


def _drawn(export: Export, label: str) -> Iterator[bytes]:
    """Its pieces, drawing on a terminal's stderr how many rows there are; nobody knows how many will come."""
    bar: Any = click.progressbar(
        export.texts(),
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        item_show_func=lambda _: f"{export.rows:,} rows",
    )
    with bar:
        yield from bar
