"""The command that sends an access log to the service: `analytics replay`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from analytics.cli.common import batch_option, key_options, patience_option, url_option, wait_notice, with_progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analytics.feed.logfile import Line, LogFile
    from analytics.feed.logs.record import Parser
    from analytics.feed.replay import Pacer
    from analytics.feed.summary import ImportSummary


class _Speed(click.ParamType[float | None]):
    """`max`, converted to None, or a factor above 0."""

    name = "max|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        if value == "max":
            return None
        try:
            factor = float(value)
        except ValueError:
            factor = 0.0
        if not 0 < factor < float("inf"):
            self.fail(f"{value!r} is neither 'max' nor a number above 0", param, ctx)
        return factor


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@url_option
@key_options
@click.option(
    "--format",
    "log_format",
    metavar="NAME|STRING",
    show_default="detected from the first lines",
    help="Format of the log: common, combined, vhost_combined, json, iis, cloudfront, alb, or the format string in the "
    "server's configuration (nginx's log_format, Apache's LogFormat).",
)
@click.option(
    "--bots",
    type=click.Choice(["skip", "mark", "keep"]),
    default="mark",
    show_default=True,
    help="Requests of known crawlers, by user agent: skip them, mark them with `bot` in their data, or keep them "
    "without a mark.",
)
@click.option(
    "--service", metavar="NAME", default="web", show_default=True, help="Service to which the requests belong."
)
@click.option(
    "--speed",
    type=_Speed(),
    default="max",
    show_default=True,
    help="'max' sends as fast as the service accepts; N sends at N times the pace of the log (1 is real time).",
)
@click.option(
    "--rebase",
    type=click.Choice(["now", "none"]),
    default="now",
    show_default=True,
    help="'now' moves all times by whole days so that the log ends within the last 24 hours; 'none' keeps the times, "
    "and the service rejects those older than its retention (90 days by default).",
)
@batch_option("Events")
@click.option(
    "--salt",
    metavar="TEXT",
    show_default="random",
    help="Salt of the hash that replaces each client address. Use the same salt again to get the same visitors in "
    "several replays.",
)
@click.option("--raw-addresses", is_flag=True, help="Send client addresses instead of hashes.")
@click.option("--all-errors", is_flag=True, help="List all rejected lines instead of the first 20.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@patience_option
def replay_command(
    file: Path,
    url: str,
    key: str,
    log_format: str | None,
    bots: Literal["skip", "mark", "keep"],
    service: str,
    speed: float | None,
    rebase: Literal["now", "none"],
    batch: int,
    salt: str | None,
    raw_addresses: bool,
    all_errors: bool,
    as_json: bool,
    patience: float,
) -> None:
    """Send an access log as `request` events.

    FILE is a log of Apache, nginx, Caddy, Traefik, IIS, CloudFront or an AWS load balancer, plain or compressed with
    gzip, bzip2, xz or Zstandard; - is standard input. Each line becomes one event with the endpoint (the path without
    its query string), method, status, bytes, referrer and, if the log has it, latency. At the end a summary is printed:
    how many lines were read, accepted and rejected, and why.

    Exit code 0: the service accepted all valid lines (damaged lines are only listed), or the log holds only comments.
    1: no line could be read, the service rejected lines, or it could not be reached.
    """
    import json
    import os
    import secrets
    import time
    from contextlib import nullcontext

    from analytics.feed.errors import FeedError
    from analytics.feed.logfile import STDIN, LogFile, LogUnreadableError, rereadable
    from analytics.feed.logs.formats import explain_unreadable
    from analytics.feed.logs.template import UnknownFormatError
    from analytics.feed.replay import LogPace, Plan, address_hasher, as_fast_as_possible, replay
    from analytics.feed.service_client import ServiceClient
    from analytics.feed.summary import MAX_LISTED, ImportSummary

    name = "standard input" if file == STDIN else str(file)
    summary = ImportSummary(max_listed=None if all_errors else MAX_LISTED)
    failure: str | None = None
    shift, started = 0, time.monotonic()
    try:
        identify: Callable[[str], str] = (
            str if raw_addresses else address_hasher(os.fsencode(salt) if salt else secrets.token_bytes(16))
        )
        pace: Pacer = as_fast_as_possible if speed is None else LogPace(speed, time.monotonic)
        with rereadable(file, _copy_notice) if rebase == "now" else nullcontext(file) as path:
            shift, last = _shift(path, name, log_format, time.time()) if rebase == "now" else (0, None)
            plan = Plan(service, identify, shift, run=f"replay-{secrets.token_hex(6)}", bots=bots)
            with (
                LogFile(path, name) as log,
                ServiceClient(url, key=key, patience=patience, on_wait=wait_notice()) as client,
            ):
                lines = with_progress_bar(log, _up_to(log, last), f"Replaying {name}")
                first, parse, lines = _with_parser(lines, log_format)
                replay(lines, parse, plan, client.events, summary, batch=batch, due_in=pace, sleep=time.sleep)
        if summary.lines and summary.lines == summary.damaged:
            failure = f"no line of {name} could be read: {explain_unreadable(first, log_format)}"
        elif not summary.lines and not first:
            failure = f"no line of {name} could be read: it is empty"
        elif not summary.lines:
            click.echo(f"{name} holds no requests, only comments", err=True)
    except (FeedError, LogUnreadableError, UnknownFormatError) as error:
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted"
    seconds = time.monotonic() - started
    if as_json:
        run = {"file": str(file), "url": url, "service": service, "error": failure}
        click.echo(json.dumps(run | summary.to_json(seconds, shift)))
    elif failure is None or summary.answered:
        click.echo(summary.to_text(seconds, shift))
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(_exit_code(failure, summary))


def _exit_code(failure: str | None, summary: ImportSummary) -> int:
    if failure == "interrupted":
        return 130
    return 1 if failure is not None or summary.refused else 0


def _copy_notice() -> None:
    click.echo(
        "reading the whole pipe before sending, to know by how many days to move its times; "
        "--rebase none sends at once",
        err=True,
    )


def _with_parser(lines: Iterator[Line], log_format: str | None) -> tuple[bytes, Parser, Iterator[Line]]:
    """The first line, the parser for the given format or the detected one, and all lines."""
    from itertools import chain, islice

    from analytics.feed.logs.formats import DETECTION_LINES, detect_format, parser_of

    first = list(islice(lines, DETECTION_LINES))
    parse = parser_of(log_format) if log_format is not None else detect_format(line.raw for line in first)
    return (first[0].raw if first else b""), parse, chain(first, lines)


def _shift(file: Path, name: str, log_format: str | None, now: float) -> tuple[int, int]:
    """Read the whole log; return the seconds by which to move its times, and the number of its last line."""
    from analytics.feed.logfile import LogFile
    from analytics.feed.logs.record import MAX_LINE
    from analytics.feed.rebase import whole_days
    from analytics.feed.replay import latest_time

    with LogFile(file, name) as log:
        _, parse, lines = _with_parser(log.lines(MAX_LINE), log_format)
        latest, last = latest_time(lines, parse)
    return (0 if latest is None else whole_days(latest, now)), last


def _up_to(log: LogFile, last: int | None) -> Iterator[Line]:
    """The lines up to number `last`; a log that is still written to may have grown since `_shift` read it."""
    from analytics.feed.logs.record import MAX_LINE

    for line in log.lines(MAX_LINE):
        if last is not None and line.number > last:
            break
        yield line
