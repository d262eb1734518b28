"""The connection to a running service and tables, for the commands that manage it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.feed.service_client import ServiceClient


@contextmanager
def service(url: str, key: str) -> Iterator[ServiceClient]:
    """The service. Nothing is tried twice: the first try may have had its effect."""
    from analytics.feed.errors import FeedError
    from analytics.feed.service_client import ServiceClient

    try:
        with ServiceClient(url, key=key, patience=0) as client:
            yield client
    except FeedError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns."""
    widths = [max(map(len, cells)) for cells in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
