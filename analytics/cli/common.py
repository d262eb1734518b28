"""What the commands share: options, progress on a terminal, and what is said while waiting."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analytics.feed.logfile import LogFile
    from analytics.feed.sender import OnWait

T = TypeVar("T")


class Finite(click.FloatRange):
    """A number within bounds, and a number indeed."""

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
    default="http://127.0.0.1:8099",
    envvar="ANALYTICS_URL",
    show_default=True,
    show_envvar=True,
    callback=_http_url,
    help="The service to speak to.",
)
patience_option = click.option(
    "--patience",
    type=Finite(0, 300),
    default=30.0,
    show_default=True,
    help="Seconds to keep trying while the service cannot be reached or is busy.",
)


def drawn(file: LogFile, items: Iterable[T], label: str) -> Iterator[T]:
    """The `items`, which come from `file`, drawing a bar on a terminal's stderr as they are taken."""
    bar: Any = click.progressbar(
        length=file.size or 1,
        label=label,
        file=sys.stderr,
        hidden=file.size is None or not sys.stderr.isatty(),
    )
    done = 0
    with bar:
        for item in items:
            yield item
            if file.position is not None and file.position > done:
                bar.update(file.position - done)
                done = file.position


def wait_notice() -> OnWait:
    """Says once what the service is waited for."""
    said: set[str] = set()

    def say(trouble: str, pause: float) -> None:
        # Short pauses are ordinary: a kept-alive connection that the service closed, or a moment of pressure.
        if pause >= 1 and trouble not in said:
            said.add(trouble)
            click.echo(f"{trouble}; trying again", err=True)

    return say
