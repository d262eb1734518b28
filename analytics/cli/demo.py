"""The command that plays a small shop: `analytics demo`."""

from __future__ import annotations

import sys

import click

from analytics.cli.common import Finite, url_option


@click.command("demo")
@click.option(
    "--serve",
    is_flag=True,
    help="Run the service too, and end it with the demo. It listens on HOST and PORT, and keeps everything in memory "
    "unless ANALYTICS_DATA_DIR is set.",
)
@url_option
@click.option(
    "--rate",
    type=Finite(1, 10_000),
    default=50.0,
    show_default=True,
    help="Events a second, as the mean over a day: evenings are busier, nights quieter.",
)
@click.option("--duration", type=Finite(min=0), help="Seconds to run; without it, until Ctrl-C.")
@click.option(
    "--history/--no-history",
    default=None,
    help="First fill in the last 90 days with up to 250,000 events and counts: the last day by minute, the days before "
    "by hour. By default only when the service holds no events yet.",
)
@click.pass_context
def demo_command(
    context: click.Context, serve: bool, url: str, rate: float, duration: float | None, history: bool | None
) -> None:
    """Play a small shop, so that there is something to see.

    Ten services send events, metrics and heartbeats while visitors look, search and buy. A first incident
    comes within two minutes and others now and then: one service turns slow and fails, says so in its
    heartbeat, and recovers. Runs until Ctrl-C, and outlasts a restart of the service.
    """
    import random
    import secrets
    import time
    from contextlib import nullcontext

    from analytics.cli.beside import service_beside
    from analytics.feed.demo import Demo
    from analytics.feed.sender import FeedError, Sender

    if serve and context.get_parameter_source("url") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--serve runs a service of its own: HOST and PORT say where, not --url.")

    def say(message: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')} {message}", err=True)

    demo: Demo | None = None
    failure: str | None = None
    try:
        with (
            service_beside() if serve else nullcontext((url, time.sleep)) as (address, sleep),
            Sender(address, sleep=sleep) as sender,
        ):
            demo = Demo(
                sender,
                random.Random(secrets.randbits(64)),
                rate=rate,
                run=f"demo-{secrets.token_hex(6)}",
                now=time.time,
                sleep=sleep,
                say=say,
            )
            demo.play(duration=duration, history=history)
    except KeyboardInterrupt:
        click.echo("", err=True)
    except FeedError as error:
        failure = str(error)
    if failure is not None:
        click.echo(f"Error: {failure}", err=True)
    if demo is not None and demo.sent:
        click.echo(demo.summary())
    sys.exit(0 if failure is None else 1)
