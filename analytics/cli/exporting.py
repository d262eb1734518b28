"""The command that exports data from the service to a file: `analytics export`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from analytics.cli.common import key_options, patience_option, url_option, wait_notice
from analytics.feed.kinds import IDENTIFYING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.feed.exporting import Export

FILE_FORMATS = ("ndjson", "csv", "json")


@click.command("export")
@click.argument("kind", type=click.Choice(tuple(IDENTIFYING)))
@url_option
@key_options
@click.option(
    "--format",
    "form",
    type=click.Choice(FILE_FORMATS),
    show_default="by the extension of FILE, otherwise ndjson",
    help="Format of the file.",
)
@click.option(
    "--from", "from_", metavar="TIME", help="Start of the time range (RFC 3339, such as 2024-01-15T10:30:00Z)."
)
@click.option("--to", metavar="TIME", help="End of the time range, exclusive.")
@click.option("--type", "type_", metavar="TEXT", help="Only events of this type.")
@click.option("--service", metavar="TEXT", help="Only data of this service.")
@click.option("--user-id", metavar="TEXT", help="Only events of this user.")
@click.option("--q", "text", metavar="TEXT", help="Only events that match this filter, or contain this text.")
@click.option("--name", metavar="TEXT", help="Only metrics of this name.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Only metrics with this tag; may be repeated.")
@click.option(
    "--bom",
    is_flag=True,
    help="Write a byte order mark, so that spreadsheets detect UTF-8; CSV only.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="File to write: '-' is standard output, and a name that ends with .gz is compressed.",
    show_default="the name that the service suggests, in the current directory",
)
@patience_option
def export_command(
    kind: str,
    url: str,
    key: str,
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
    """Export data from the service to a file.

    Events and metrics are those in memory, oldest first; `analytics import` reads them back. Services, hourly and daily
    are statistics. The file is created when the export is complete; a failed export leaves no file.
    """
    import time

    from analytics.feed.errors import FeedError
    from analytics.feed.exporting import Export
    from analytics.feed.service_client import ServiceClient

    options = {"from": from_, "to": to, "type": type_, "service": service, "user_id": user_id, "q": text, "name": name}
    options["bom"] = "1" if bom else None
    filters = [(key, value) for key, value in options.items() if value is not None] + [_tag(tag) for tag in tags]
    started = time.monotonic()
    try:
        with (
            ServiceClient(url, key=key, patience=patience, on_wait=wait_notice()) as client,
            Export(client, kind, form or _form_of(output or ""), filters) as export,
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
        raise click.BadParameter(f"{given!r} is not KEY=VALUE, such as host=web-1", param_hint="--tag")
    return f"tag.{key}", value


def _form_of(output: str) -> str:
    ending = output.removesuffix(".gz").rpartition(".")[2]
    return ending if ending in FILE_FORMATS else FILE_FORMATS[0]


def _write(export: Export, output: str | None, label: str) -> str:
    """Write the whole export; returns the name of its target for people."""
    from pathlib import Path

    from analytics.feed.exporting import replace_when_complete, standard_output

    path = Path(output or export.name)
    with standard_output() if output == "-" else replace_when_complete(path) as file:
        for chunk in _with_progress_bar(export, label):
            file.write(chunk)
    return "standard output" if output == "-" else str(path)


def _with_progress_bar(export: Export, label: str) -> Iterator[bytes]:
    """Yield the chunks, and show on stderr, if it is a terminal, the number of rows so far; the total is not known."""
    bar: Any = click.progressbar(
        export.chunks(),
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        item_show_func=lambda _: f"{export.rows:,} rows",
    )
    with bar:
        yield from bar
