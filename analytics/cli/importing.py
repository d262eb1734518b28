"""The command that takes an export back in: `python -m analytics import`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from analytics.cli.common import drawn, patience_option, url_option, wait_notice


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@url_option
@click.option("--kind", type=click.Choice(["events", "metrics"]), help="What FILE holds, where it does not tell.")
@click.option("--batch", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Rows in one request.")
@click.option("--restart", is_flag=True, help="Begin with the first row, also where an earlier import broke off.")
@click.option("--all-errors", is_flag=True, help="Name every rejected row, not only the first 20.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as one JSON object.")
@patience_option
def import_command(
    file: Path,
    url: str,
    kind: str | None,
    batch: int,
    restart: bool,
    all_errors: bool,
    as_json: bool,
    patience: float,
) -> None:
    """Send the events or metrics of an export.

    FILE is CSV, lines of JSON, or one JSON document, plain or gzipped; its content tells which. It ends with a
    receipt. How far the service has acknowledged is noted in FILE.import.json until all is done, so that the same
    command goes on where it was broken off. The ids of the rows make it safe to repeat.

    Exit code 0: every row was accepted, now or before. 1: rows were rejected, or the service could not be reached.
    """
    import json
    import time

    from analytics.feed.bookmark import Bookmark, identity
    from analytics.feed.content import look
    from analytics.feed.importing import NotImportableError, Target, check, import_rows
    from analytics.feed.logfile import LogFile, LogUnreadableError
    from analytics.feed.rows import DamagedFileError
    from analytics.feed.sender import FeedError, Sender
    from analytics.feed.tally import SHOWN, Tally

    tally = Tally(None if all_errors else SHOWN, read="rows", sent="rows")
    failure: str | None = None
    started = time.monotonic()
    try:
        if not file.is_file():
            raise NotImportableError("is a pipe and cannot be read twice: write it to a file first")
        content = look(file)
        kind = check(content, kind)
        own = identity(file)
        bookmark = Bookmark(file, url, f"{own}-{file.stat().st_mtime_ns}")
        noted = None if restart else bookmark.read()
        if noted is not None and tally.go_on(noted):
            click.echo(f"going on after row {tally.lines:,}; --restart begins anew", err=True)
        with LogFile(file) as opened, Sender(url, patience=patience, on_wait=wait_notice()) as sender:
            rows = drawn(opened, content.rows(opened), f"Importing {file.name}")
            target = Target(partial(sender.lines, f"/{kind}"), f"import-{own}")
            import_rows(rows, target, tally, bookmark, batch=batch)
        bookmark.remove()
    except (NotImportableError, DamagedFileError) as error:
        failure = f"{file} {error}"
    except (FeedError, LogUnreadableError, OSError) as error:
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted"
    seconds = time.monotonic() - started
    if as_json:
        click.echo(json.dumps({"file": str(file), "url": url, "kind": kind, "error": failure} | tally.to_json(seconds)))
    elif failure is None or tally.answered:
        click.echo(tally.to_text(seconds))
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(130 if failure == "interrupted" else 1 if failure is not None or tally.rejected else 0)
