"""Parts that several commands share: options, a progress bar, and a notice while waiting for the service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analytics.feed.logfile import LogFile
    from analytics.feed.service_client import OnWait

T = TypeVar("T")
F = TypeVar("F", bound="Callable[..., Any]")


class Finite(click.FloatRange):
    """A number within bounds, but not NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def _http_url(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise click.BadParameter(f"{value!r} is not like http://host:port")
    return value


url_option = click.option(
    "--url",
    metavar="URL",
    default="http://127.0.0.1:8099",
    envvar="ANALYTICS_URL",
    show_default=True,
    show_envvar=True,
    callback=_http_url,
    help="Address of the service.",
)
KEY_FILE = "analytics.key_file"


def _read_key_file(context: click.Context, _param: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        text = sys.stdin.read() if path == Path("-") else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path} cannot be read: {getattr(error, 'strerror', 'it is not text')}") from None
    context.meta[KEY_FILE] = text


def _key(context: click.Context, _param: click.Parameter, value: str | None) -> str:
    """The key of `--key-file`, of `--key`, or of the environment, in this order; empty without one."""
    from_file: str | None = context.meta.get(KEY_FILE)
    if from_file is not None:
        if context.get_parameter_source("key") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError("Use --key or --key-file, not both.")
        value = from_file
    key = (value or "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise click.BadParameter("a key is one line of visible ASCII characters without spaces")
    if from_file is not None and not key:
        raise click.BadParameter("there is no key in the file of --key-file")
    return key


def key_options(command: F) -> F:
    """The options `--key` and `--key-file`, which give the command one parameter `key`."""
    command = click.option(
        "--key-file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_read_key_file,
        help="File that holds the key; - is standard input.",
    )(command)
    return click.option(
        "--key",
        metavar="KEY",
        envvar="ANALYTICS_KEY",
        show_envvar=True,
        callback=_key,
        help="Key of the service. Other users of this machine can see it in the list of processes: prefer the variable "
        "or --key-file.",
    )(command)


patience_option = click.option(
    "--patience",
    type=Finite(0, 300),
    metavar="SECONDS",
    default=30.0,
    show_default=True,
    help="Seconds to retry while the service cannot be reached or is busy.",
)


def batch_option(items: str) -> Callable[[F], F]:
    """The option `--batch` of a command that sends `items`."""
    return click.option(
        "--batch",
        type=click.IntRange(1, 10_000),
        metavar="NUMBER",
        default=1000,
        show_default=True,
        help=f"{items} per request.",
    )


PROGRESS_ITEMS = 100
"""So many items are read between two looks at how far the file is read, each of which takes longer than to read one."""


def with_progress_bar(file: LogFile, items: Iterable[T], label: str) -> Iterator[T]:
    """Yield `items`, which are read from `file`, and show on stderr, if it is a terminal, how much of it is read."""
    bar: Any = click.progressbar(
        length=file.size or 1,
        label=label,
        file=sys.stderr,
        hidden=file.size is None or not sys.stderr.isatty(),
    )
    done = 0
    with bar:
        for number, item in enumerate(items):
            yield item
            if number % PROGRESS_ITEMS == 0 and file.position is not None and file.position > done:
                bar.update(file.position - done)
                done = file.position
        if file.position is not None:
            bar.update(file.position - done)


def wait_notice() -> OnWait:
    """A callback that prints each reason for waiting once."""
    printed: set[str] = set()

    def say(reason: str, pause: float) -> None:
        # Short pauses are normal: the service closed an idle connection, or was busy for a moment.
        if pause >= 1 and reason not in printed:
            printed.add(reason)
            click.echo(f"{reason}; retrying", err=True)

    return say
