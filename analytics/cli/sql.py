"""The command `analytics sql`: one SELECT over the long-term store of a running service."""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

import click

from analytics.cli.common import Finite, key_options, url_option
from analytics.cli.service import print_table, service

MOST_SECONDS = 25.0
"""The client waits 30 s for an answer."""
FORMATS = ("table", "csv", "json")


@click.command("sql")
@url_option
@key_options
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print it."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="At most so many rows.")
@click.option(
    "--seconds", type=Finite(0.1, MOST_SECONDS), default=20.0, show_default=True, help="At most so long, in seconds."
)
@click.argument("sql", metavar="SELECT")
def sql_command(url: str, key: str, form: str, limit: int, seconds: float, sql: str) -> None:
    """Execute one SELECT over the views `events`, `logs`, `metrics`, `services` and `spans`, and print its rows.

    SELECT is in DuckDB's SQL; `-` reads it from standard input. The key needs the scope `admin`.
    """
    from analytics.feed.errors import ForeignAnswerError

    text = sys.stdin.read() if sql == "-" else sql
    with service(url, key) as client:
        answer = client.post("/sql", {"sql": text, "limit": limit, "seconds": seconds})
        try:
            heads, rows = [column["name"] for column in answer["columns"]], [list(row) for row in answer["rows"]]
        except (KeyError, TypeError):
            raise ForeignAnswerError(client.url) from None
    if form == "json":
        click.echo(json.dumps(answer, ensure_ascii=False))
    elif form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerows([heads, *([_text(value, "") for value in row] for row in rows)])
    else:
        print_table(heads, [[_line(_text(value, "null")) for value in row] for row in rows])
    if answer.get("truncated"):
        click.echo(f"There are more than these {len(rows):,} rows: see --limit.", err=True)


def _text(value: Any, null: str) -> str:
    if value is None:
        return null
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(text: str) -> str:
    """The text on one line, without characters that would control the terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
