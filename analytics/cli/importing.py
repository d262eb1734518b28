"""The command that sends an exported file to the service: `analytics import`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from analytics.cli.common import batch_option, key_options, patience_option, url_option, wait_notice, with_progress_bar


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@url_option
@key_options
@click.option("--kind", type=click.Choice(["events", "metrics"]), help="Content of FILE, if it cannot be detected.")
@batch_option("Rows")
@click.option("--restart", is_flag=True, help="Start with the first row, even if an earlier import can be resumed.")
@click.option("--all-errors", is_flag=True, help="List all rejected rows instead of the first 20.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@patience_option
def import_command(
    file: Path,
    url: str,
    key: str,
    kind: str | None,
    batch: int,
    restart: bool,
    all_errors: bool,
    as_json: bool,
    patience: float,
) -> None:
    """Import events or metrics from a file.

    FILE is CSV, NDJSON (one JSON object a line) or one JSON document, plain or gzipped; the format is detected. At the
    end a summary is printed. Until then the progress is saved in FILE.import.json, so that the same command resumes an
    import that was interrupted. Repeating an import does not count rows twice: rows have ids, and the service ignores
    ids that it remembers.

    Exit code 0: all rows were accepted, now or earlier. 1: rows were rejected, or the service could not be reached.
    """
    import json
    import time

    from analytics.feed.bookmark import Bookmark, content_id
    from analytics.feed.content import detect_content
    from analytics.feed.errors import FeedError
    from analytics.feed.importing import NotImportableError, Target, check, import_rows
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
        file_id = content_id(file)
        bookmark = Bookmark(file, url, f"{file_id}-{file.stat().st_mtime_ns}")
        saved = None if restart else bookmark.read()
        if saved is not None and summary.resume(saved):
            click.echo(f"resuming after row {summary.lines:,}; --restart starts from the first row", err=True)
        with LogFile(file) as opened, ServiceClient(url, key=key, patience=patience, on_wait=wait_notice()) as client:
            rows = with_progress_bar(opened, content.rows(opened), f"Importing {file.name}")
            target = Target(partial(client.lines, f"/{kind}"), f"import-{file_id}")
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
