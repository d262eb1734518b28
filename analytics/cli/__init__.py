"""The command line of the project, `analytics` or `python -m analytics`: its commands, of which replay stands here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from analytics.cli.common import drawn, patience_option, url_option, wait_notice
from analytics.cli.config import config_command
from analytics.cli.demo import demo_command
from analytics.cli.exporting import export_command
from analytics.cli.importing import import_command
from analytics.cli.serving import serve_command
from analytics.cli.storage import backup_command, inspect_command, restore_command
from analytics.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analytics.feed.logfile import Line, LogFile
    from analytics.feed.logs.record import Parser
    from analytics.feed.replay import Pacer
    from analytics.feed.tally import Tally

# Requests takes a tenth of a second to import, so what needs it is imported inside its command.


class _Speed(click.ParamType[float | None]):
    """`max`, read as None, or a factor above zero."""

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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="analytics", message="%(prog)s %(version)s")
def main() -> None:
    """Run the Analytics Dashboard Service, feed it, take out what it holds, and look after its database.

    Serve runs the service. Replay, demo, export and import speak HTTP to it, so it may run elsewhere (--url, or the
    variable ANALYTICS_URL); backup, restore and inspect work on the files beside it.
    """


@main.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@url_option
@click.option(
    "--format",
    "described",
    metavar="NAME|STRING",
    help="common, combined, vhost_combined, json, iis, cloudfront, alb, or the server's own string: nginx's log_format "
    "or Apache's LogFormat. Without it the first lines tell.",
)
@click.option(
    "--bots",
    type=click.Choice(["skip", "mark", "keep"]),
    default="mark",
    show_default=True,
    help="What to do with requests of known crawlers, by their user agent: leave them out, mark them by `bot` in their "
    "data, or send them like all others.",
)
@click.option("--service", default="web", show_default=True, help="The service the requests belong to.")
@click.option(
    "--speed",
    type=_Speed(),
    default="max",
    show_default=True,
    help="'max' sends as fast as the service takes it; N at N times the log's own pace, 1 being real time.",
)
@click.option(
    "--rebase",
    type=click.Choice(["now", "none"]),
    default="now",
    show_default=True,
    help="'now' moves the log by whole days so that it ends within the last day; 'none' leaves its times "
    "as they are (the service refuses what is older than it keeps, 90 days).",
)
@click.option("--batch", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Events in one request.")
@click.option(
    "--salt",
    help="Mixed into the hash that stands for a client's address. Random by default, so that two replays "
    "know each visitor under two names; give the same salt to keep them one.",
)
@click.option("--raw-addresses", is_flag=True, help="Send client addresses as they are instead of hashes.")
@click.option("--all-errors", is_flag=True, help="Name every rejected line, not only the first 20.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as one JSON object.")
@patience_option
def replay_command(
    file: Path,
    url: str,
    described: str | None,
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

    FILE is a log of Apache, nginx, Caddy, Traefik, IIS, CloudFront or an AWS load balancer, plain or compressed by
    gzip, bzip2, xz or Zstandard; - is standard input. Each line becomes one event of type `request` with endpoint
    (without its query string), method, status, bytes, referrer and, where the log tells it, latency. It ends with a
    receipt: how many lines were read, accepted and rejected, and why.

    Exit code 0: everything whole was accepted (damaged lines are only reported), or a log has comments but no requests
    yet. 1: no line could be read, as in an empty file; the service refused lines; or it could not be reached.
    """
    import json
    import os
    import secrets
    import time
    from contextlib import nullcontext

    from analytics.feed.logfile import STDIN, LogFile, LogUnreadableError, repeatable
    from analytics.feed.logs.formats import looks_like
    from analytics.feed.logs.template import UnknownFormatError
    from analytics.feed.replay import LogPace, Plan, as_fast_as_possible, hashed, replay
    from analytics.feed.sender import FeedError, Sender
    from analytics.feed.tally import SHOWN, Tally

    name = "standard input" if file == STDIN else str(file)
    tally = Tally(keep=None if all_errors else SHOWN)
    failure: str | None = None
    shift, started = 0, time.monotonic()
    try:
        identify: Callable[[str], str] = (
            str if raw_addresses else hashed(os.fsencode(salt) if salt else secrets.token_bytes(16))
        )
        pace: Pacer = as_fast_as_possible if speed is None else LogPace(speed, time.monotonic)
        with repeatable(file, _copy_notice) if rebase == "now" else nullcontext(file) as path:
            shift, last = _shift(path, name, described, time.time()) if rebase == "now" else (0, None)
            plan = Plan(service, identify, shift, run=f"replay-{secrets.token_hex(6)}", bots=bots)
            with LogFile(path, name) as log, Sender(url, patience=patience, on_wait=wait_notice()) as sender:
                lines = drawn(log, _up_to(log, last), f"Replaying {name}")
                first, parse, lines = _begun(lines, described)
                replay(lines, parse, plan, sender.events, tally, batch=batch, due_in=pace, sleep=time.sleep)
        if tally.lines and tally.lines == tally.damaged:
            failure = f"no line of {name} could be read: {looks_like(first, described)}"
        elif not tally.lines and not first:
            failure = f"no line of {name} could be read: it is empty"
        elif not tally.lines:
            click.echo(f"{name} holds no requests: it has only comments", err=True)
    except (FeedError, LogUnreadableError, UnknownFormatError) as error:
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted"
    seconds = time.monotonic() - started
    if as_json:
        told = {"file": str(file), "url": url, "service": service, "error": failure}
        click.echo(json.dumps(told | tally.to_json(seconds, shift)))
    elif failure is None or tally.answered:
        click.echo(tally.to_text(seconds, shift))
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(_exit_code(failure, tally))


def _exit_code(failure: str | None, tally: Tally) -> int:
    if failure == "interrupted":
        return 130
    return 1 if failure is not None or tally.refused else 0


def _copy_notice() -> None:
    click.echo(
        "reading all of the pipe before the first is sent, to move its times; --rebase none does not wait", err=True
    )


def _begun(lines: Iterator[Line], described: str | None) -> tuple[bytes, Parser, Iterator[Line]]:
    """The first line, the parser of the format that is described or that the first lines tell, and all lines."""
    from itertools import chain, islice

    from analytics.feed.logs.formats import LOOKED_AT, detected, parser_of

    first = list(islice(lines, LOOKED_AT))
    parse = parser_of(described) if described is not None else detected(line.raw for line in first)
    return (first[0].raw if first else b""), parse, chain(first, lines)


def _shift(file: Path, name: str, described: str | None, now: float) -> tuple[int, int]:
    """Read the log once for the seconds to move it by, and the last line that the second reading takes."""
    from analytics.feed.logfile import LogFile
    from analytics.feed.logs.record import MAX_LINE
    from analytics.feed.rebase import whole_days
    from analytics.feed.replay import latest_time

    with LogFile(file, name) as log:
        _, parse, lines = _begun(log.lines(MAX_LINE), described)
        latest, last = latest_time(lines, parse)
    return (0 if latest is None else whole_days(latest, now)), last


def _up_to(log: LogFile, last: int | None) -> Iterator[Line]:
    """The log's lines up to number `last`: one still being written to may have grown since its latest time was read."""
    from analytics.feed.logs.record import MAX_LINE

    for line in log.lines(MAX_LINE):
        if last is not None and line.number > last:
            break
        yield line


main.add_command(serve_command)
main.add_command(config_command)
main.add_command(demo_command)
main.add_command(export_command)
main.add_command(import_command)
main.add_command(backup_command)
main.add_command(restore_command)
main.add_command(inspect_command)
