"""The command that sends an exported file to the service: `analytics import`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from analytics.cli.common import batch_option, key_options, patience_option, url_option, wait_notice, with_progress_bar

HISTORY_WAY = ("/events/history", 12, 8 << 20)
"""Path of an import of history, requests on their way at once, and their bytes. The service writes half of them at a
time, and decodes the others meanwhile."""
HISTORY_BATCH = 10_000


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@url_option
@key_options
@click.option("--kind", type=click.Choice(["events", "metrics"]), help="Content of FILE, if it cannot be detected.")
@batch_option("Rows")
@click.option(
    "--history",
    is_flag=True,
    help="Bring old events into the long-term store alone, as far back as it keeps them: they are found by searches, "
    "Explore and SQL, but counted in no statistics. Needs an admin key; --batch is 10,000.",
)
@click.option("--restart", is_flag=True, help="Start with the first row, even if an earlier import can be resumed.")
@click.option("--all-errors", is_flag=True, help="List all rejected rows instead of the first 20.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@patience_option
@click.pass_context
def import_command(
    context: click.Context,
    file: Path,
    url: str,
    key: str,
    kind: str | None,
    batch: int,
    history: bool,
    restart: bool,
    all_errors: bool,
    as_json: bool,
    patience: float,
) -> None:
    """Import events or metrics from a file.

    FILE is CSV, NDJSON (one JSON object a line) or one JSON document, plain or gzipped; the format is detected. At the
    end a summary is printed. Until then the progress is saved in FILE.import.json, so that the same command resumes an
    import that was interrupted. Repeating an import does not count rows twice: rows have ids, and the service ignores
    ids that it remembers; of `--history`, it knows all events that are stored.

    Exit code 0: all rows were accepted, now or earlier. 1: rows were rejected, or the service could not be reached.
    """
    import json
    import time

    from click.core import ParameterSource

    from analytics.feed.bookmark import Bookmark, content_id
    from analytics.feed.clients import Clients
    from analytics.feed.content import detect_content
    from analytics.feed.errors import FeedError
    from analytics.feed.importing import REQUEST_BYTES, NotImportableError, Target, check, import_rows
    from analytics.feed.logfile import LogFile, LogUnreadableError
    from analytics.feed.rows import DamagedFileError
    from analytics.feed.service_client import ServiceClient
    from analytics.feed.summary import MAX_LISTED, ImportSummary

    summary = ImportSummary(None if all_errors else MAX_LISTED, read="rows", sent="rows")
    failure: str | None = None
    started = time.monotonic()
    try:
        if not file.is_file():
            raise NotImportableError("is a pipe, which cannot be read twice: write it to a file first")
        content = detect_content(file)
        kind = check(content, kind)
        if history and kind != "events":
            raise NotImportableError(f"holds {kind}: --history is for events")
        file_id = content_id(file)
        bookmark = Bookmark(file, f"{url} (history)" if history else url, f"{file_id}-{file.stat().st_mtime_ns}")
        saved = None if restart else bookmark.read()
        if saved is not None and summary.resume(saved):
            click.echo(f"resuming after row {summary.lines:,}; --restart starts from the first row", err=True)
        path, at_once, most_bytes = HISTORY_WAY if history else (f"/{kind}", 1, REQUEST_BYTES)
        if history and context.get_parameter_source("batch") is ParameterSource.DEFAULT:
            batch = HISTORY_BATCH
        new_client = partial(ServiceClient, url, key=key, patience=patience, on_wait=wait_notice())
        with LogFile(file) as opened, Clients(new_client, at_once) as clients:
            rows = with_progress_bar(opened, content.rows(opened), f"Importing {file.name}")
            target = Target(partial(clients.lines, path), f"import-{file_id}", at_once, most_bytes)
            import_rows(rows, target, summary, bookmark, batch=batch)
        bookmark.remove()
    except (NotImportableError, DamagedFileError) as error:
        failure = f"{file} {error}"
    except (FeedError, LogUnreadableError, OSError) as error:
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted"
    seconds = time.monotonic() - started
    if as_json:
        click.echo(
            json.dumps({"file": str(file), "url": url, "kind": kind, "error": failure} | summary.to_json(seconds))
        )
    elif failure is None or summary.answered:
        click.echo(summary.to_text(seconds))
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(130 if failure == "interrupted" else 1 if failure is not None or summary.rejected else 0)
