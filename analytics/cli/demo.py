"""The command that simulates a small shop: `analytics demo`."""

from __future__ import annotations

import sys

import click

from analytics.cli.common import Finite, key_options, url_option


@click.command("demo")
@click.option(
    "--serve",
    is_flag=True,
    help="Run the service too, until the demo ends. It has the settings of `analytics serve`, but keeps everything in "
    "memory unless ANALYTICS_DATA_DIR is set.",
)
@url_option
@key_options
@click.option(
    "--rate",
    type=Finite(1, 10_000),
    metavar="NUMBER",
    default=50.0,
    show_default=True,
    help="Events per second, as the mean of a day: evenings are busier, mornings quieter.",
)
@click.option(
    "--duration", type=Finite(min=0), metavar="SECONDS", show_default="until Ctrl-C", help="How long the demo runs."
)
@click.option(
    "--history/--no-history",
    default=None,
    show_default="only if the service holds no events yet",
    help="First send a history of 90 days, about 250,000 events and counts: by minute for the last day, by hour before "
    "that.",
)
@click.pass_context
def demo_command(
    context: click.Context, serve: bool, url: str, key: str, rate: float, duration: float | None, history: bool | None
) -> None:
    """Simulate a small shop, to show the dashboard at work.

    Ten services send events, metrics, heartbeats, traces and log lines while visitors browse, search and buy. Within
    two minutes there is a first incident, and later more: one service becomes slow, fails requests, reports this in its
    heartbeat, and recovers. The history has a bad deploy of the payment service. The demo runs until Ctrl-C, and
    continues after a restart of the service.
    """
    import os
    import random
    import secrets
    import time
    from contextlib import nullcontext

    from analytics.cli.beside import service_beside
    from analytics.feed.demo import Demo
    from analytics.feed.errors import FeedError
    from analytics.feed.service_client import ServiceClient

    if serve and context.get_parameter_source("url") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--serve runs its own service: set HOST and PORT, not --url.")
    if serve:
        key = key or os.environ.get("ANALYTICS_ADMIN_KEY", "")

    def say(message: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')} {message}", err=True)

    demo: Demo | None = None
    failure: str | None = None
    try:
        with (
            service_beside() if serve else nullcontext((url, time.sleep)) as (address, sleep),
            ServiceClient(address, key=key, sleep=sleep) as client,
        ):
            demo = Demo(
                client,
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
