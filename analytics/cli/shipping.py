"""The command that follows log files and sends their lines to the service: `analytics ship`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.cli.common import batch_option, key_options, url_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from analytics.feed.service_client import ServiceClient
    from analytics.feed.ship.items import Format
    from analytics.feed.ship.shipper import Sent, Shipper
    from analytics.feed.ship.stopping import Stop

STDIN = "-"
MEBIBYTE = 1 << 20


@click.command("ship")
@click.argument("files", metavar="FILE… | -", nargs=-1, required=True)
@url_option
@key_options
@click.option(
    "--service",
    metavar="NAME",
    show_default="from the file's name",
    help="Service that the lines belong to; standard input needs it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "json", "logfmt", "text"]),
    default="auto",
    show_default=True,
    help="Format of the lines; 'auto' looks at each.",
)
@click.option(
    "--from-start", is_flag=True, help="Send what the files have already, not only what is added from now on."
)
@click.option(
    "--multiline", is_flag=True, help="Send a stack trace as one: lines that begin with white space, and tracebacks."
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    show_default="a file for this URL and these FILEs in ~/.local/state/analytics",
    help="Keeps how far the files are sent.",
)
@click.option(
    "--spool",
    type=click.IntRange(1, 1_000_000),
    metavar="MIB",
    default=256,
    show_default=True,
    help="Space on disk for standard input that is not sent yet; who writes to it waits when it is used up.",
)
@batch_option("Lines")
def ship_command(
    files: tuple[str, ...],
    url: str,
    key: str,
    service: str | None,
    form: Format,
    from_start: bool,
    multiline: bool,
    state: Path | None,
    spool: int,
    batch: int,
) -> None:
    """Follow log files, and send their lines.

    Each FILE is a path or a pattern such as '/var/log/*.log' (quoted, so that files that appear later are found, too);
    - is standard input. Files that are rotated, by renaming or by truncating, are sent to their ends. While the service
    is away nothing is lost: files are read on later, and standard input is kept on disk. Each line has an id, so that
    one that is sent again is not counted twice.

    It ends by SIGTERM or SIGINT, or when standard input ends and no files are followed, after a last try.

    Exit code 0: the service has all lines that were read. 1: it refused lines, or lines wait for the next run.
    """
    import signal
    import time
    from contextlib import ExitStack

    from analytics.feed.errors import FeedError
    from analytics.feed.service_client import ServiceClient
    from analytics.feed.ship.places import StateError
    from analytics.feed.ship.stopping import Stop

    if STDIN in files and not service:
        raise click.UsageError("Standard input needs --service NAME.")
    if service is not None and not (service.isprintable() and 0 < len(service) <= 128):
        raise click.BadParameter("a name has 1 to 128 visible characters", param_hint="--service")
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.request())
    shipper: Shipper | None = None
    failure: str | None = None
    started = time.monotonic()
    try:
        with (
            ServiceClient(url, key=key, patience=float("inf"), on_wait=_waiting(), sleep=stop.pause) as client,
            ExitStack() as stack,
        ):
            make = _Parts(files, url, service, form, from_start, multiline, state, spool * MEBIBYTE, batch)
            shipper = make.shipper(client, stop, stack)
            shipper.run()
    except (FeedError, StateError) as error:
        failure = str(error)
    if shipper is not None:
        click.echo(_summary(shipper, time.monotonic() - started), err=True)
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(1 if failure is not None or shipper is None or shipper.has_rest or shipper.sent.refused else 0)


class _Parts:
    """Makes the parts of the agent from the options."""

    def __init__(
        self,
        files: Sequence[str],
        url: str,
        service: str | None,
        form: Format,
        from_start: bool,
        multiline: bool,
        state: Path | None,
        spool_bytes: int,
        batch: int,
    ) -> None:
        self._patterns = [str(Path(file).absolute()) for file in files if file != STDIN]
        self._has_stdin = STDIN in files
        self._service, self._form, self._from_start, self._multiline = service, form, from_start, multiline
        self._state = state or default_state(url, [*self._patterns, *([service or ""] if self._has_stdin else [])])
        self._spool_bytes, self._batch = spool_bytes, batch

    def shipper(self, client: ServiceClient, stop: Stop, stack: ExitStack) -> Shipper:
        """The agent.

        Raises:
            StateError: the state file cannot be used.
        """
        import socket
        import time

        from analytics.feed.ship.follower import Follower
        from analytics.feed.ship.items import LineItems
        from analytics.feed.ship.joining import EachAlone, Joined
        from analytics.feed.ship.places import StateError, StateFile
        from analytics.feed.ship.shipper import Shipper, new_token
        from analytics.feed.ship.spool import Spool

        state = StateFile(self._state)
        stack.callback(state.close)
        spool = None
        if self._has_stdin:
            try:
                spool = Spool(Path(f"{self._state.absolute()}.spool"), sys.stdin.buffer, self._spool_bytes)
            except OSError as error:
                raise StateError(f"cannot keep standard input on disk: {error}") from None
        spool_path = None if spool is None else spool.path
        follower = Follower(
            self._patterns,
            state.read(),
            from_start=self._from_start,
            clock=time.monotonic,
            new_token=new_token,
            say=_say,
            whole=spool_path,
        )
        stack.callback(follower.close)
        follower.scan()
        if self._patterns and not follower.tails:
            _say("no file matches yet; waiting for one")
        if spool is not None:
            spool.start()
        return Shipper(
            follower,
            Joined() if self._multiline else EachAlone(),
            LineItems(self._form, self._service, {"host.name": socket.gethostname()}, spool_path),
            client,
            state,
            stop,
            batch=self._batch,
            spool=spool,
            only_spool=not self._patterns,
            say=_say,
            clock=time.monotonic,
            wall=time.time,
            on_sent=_progress(),
        )


def default_state(url: str, names: Sequence[str]) -> Path:
    """The state file of an agent for these files, in the user's state directory (XDG Base Directory Specification)."""
    import hashlib
    import os

    folder = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    digest = hashlib.blake2b("\n".join([url, *sorted(names)]).encode(errors="replace"), digest_size=6).hexdigest()
    return Path(folder).expanduser() / "analytics" / f"ship-{digest}.json"


def _say(text: str) -> None:
    click.echo(text, err=True)


def _waiting() -> Callable[[str, float], None]:
    said = ""

    def say(reason: str, pause: float) -> None:
        nonlocal said
        if pause >= 1 and reason != said:
            said = reason
            _say(f"{reason}; lines are kept, retrying")

    return say


def _progress() -> Callable[[Sent], None]:
    """Shows the number of lines on a terminal."""
    if not sys.stderr.isatty():
        return lambda sent: None
    return lambda sent: click.echo(f"\r{sent.accepted:,} lines sent", err=True, nl=False)


def _summary(shipper: Shipper, seconds: float) -> str:
    accepted, duplicates, refused = shipper.sent
    start = "\n" if sys.stderr.isatty() and accepted else ""
    text = f"{start}{accepted:,} lines sent in {seconds:.0f} s"
    if duplicates:
        text += f", {duplicates:,} that the service had already"
    if refused:
        reasons = ", ".join(f"{code} ({count:,})" for code, count in shipper.refusals.most_common(5))
        text += f", {refused:,} refused: {reasons}"
    return text
