"""The commands that keep configuration in files: `analytics apply` and `analytics export-config`."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from analytics.cli.common import key_options, patience_option, url_option, wait_notice

if TYPE_CHECKING:
    from analytics.catalog.documents import Document
    from analytics.feed.service_client import ServiceClient

STDIN = Path("-")
OUTCOMES = ("created", "changed", "unchanged")
RESOURCE_FIELDS = ("source", "collection", "id", "body")


@click.command("apply")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@url_option
@key_options
@click.option("--dry-run", is_flag=True, help="Check everything and print what would be done, without doing it.")
@patience_option
def apply_command(files: tuple[Path, ...], url: str, key: str, dry_run: bool, patience: float) -> None:
    """Create and change the resources that files name.

    FILE is YAML or JSON (.json): collections, in them names, and in each a body. - is standard input, in either form.
    What no file names is left alone. The same files again change nothing.

    Exit code 0: all is as the files say. 1: a file could not be read, and then nothing was sent; the service refused a
    resource, such as one that comes from its own ANALYTICS_CONFIG_DIR; or it could not be reached.
    """
    from analytics.feed.errors import FeedError
    from analytics.feed.service_client import ServiceClient

    documents = _read_all(files)
    counts: Counter[str] = Counter()
    try:
        with ServiceClient(url, key=key, patience=patience, on_wait=wait_notice()) as client:
            for document in documents:
                _apply(client, document, counts, dry_run=dry_run)
    except FeedError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        click.echo("Error: interrupted", err=True)
        sys.exit(130)
    summary = ", ".join(f"{counts[outcome]} {outcome}" for outcome in (*OUTCOMES, *(["failed"] * ("failed" in counts))))
    click.echo(summary + (" (dry run)" if dry_run else ""))
    sys.exit(1 if counts["failed"] else 0)


@click.command("export-config")
@url_option
@key_options
@click.option(
    "-o", "--output", metavar="FILE", default="-", help="Where to write, JSON if it ends with .json. [default: -]"
)
@patience_option
def export_config_command(url: str, key: str, output: str, patience: float) -> None:
    """Write the configuration of the service as a file that apply takes.

    What the service has from files in its ANALYTICS_CONFIG_DIR is left out: it is in files already. Secrets are
    written as the references that they are.
    """
    from analytics.catalog.documents import dump
    from analytics.feed.errors import FeedError
    from analytics.feed.exporting import replace_when_complete, standard_output
    from analytics.feed.service_client import ServiceClient

    collections: dict[str, dict[str, Any]] = {}
    of_files = 0
    try:
        with ServiceClient(url, key=key, patience=patience, on_wait=wait_notice()) as client:
            for resource in _all_resources(client):
                if resource["source"] == "http":
                    collections.setdefault(resource["collection"], {})[resource["id"]] = resource["body"]
                else:
                    of_files += 1
        text = dump(collections, is_json=output.endswith(".json"))
        with standard_output() if output == "-" else replace_when_complete(Path(output)) as file:
            file.write(text)
    except FeedError as error:
        _fail(str(error))
    count = sum(map(len, collections.values()))
    left_out = f", {of_files:,} of configuration files left out" if of_files else ""
    click.echo(f"{count:,} resources{left_out}", err=True)


def _read_all(files: tuple[Path, ...]) -> list[Document]:
    """The content of the files; the command ends where one cannot be read, or two name the same resource."""
    from analytics.catalog.bad_document import BadDocument
    from analytics.catalog.documents import read, repeated

    documents: list[tuple[str, Document]] = []
    for path in files:
        name = "standard input" if path == STDIN else str(path)
        try:
            document = _read_stdin() if path == STDIN else read(path.read_bytes(), name)
            _check(document)
            documents.append((name, document))
        except BadDocument as error:
            place = ", ".join(filter(None, (f"line {error.line}" if error.line else "", error.field)))
            _fail(f"{name}{f' ({place})' if place else ''} {error.reason}; nothing was sent")
        except OSError as error:
            _fail(f"{name} cannot be read ({error.strerror}); nothing was sent")
    for (collection, resource), found in repeated(documents).items():
        _fail(f"{collection}/{resource} is in {' and in '.join(found)}; nothing was sent")
    return [document for _, document in documents]


def _read_stdin() -> Document:
    """The content of standard input: JSON, or else YAML."""
    from analytics.catalog.bad_document import BadDocument
    from analytics.catalog.documents import read

    text = sys.stdin.buffer.read()
    with suppress(BadDocument):
        return read(text, "-.json")
    return read(text, "-")


def _check(document: Document) -> None:
    """Check that the service has these collections, and allows these names.

    Raises:
        BadDocument: it does not.
    """
    from analytics.catalog.bad_document import BadDocument
    from analytics.catalog.bodies import check_name
    from analytics.catalog.collections import COLLECTIONS
    from analytics.errors import ValidationFailed

    for collection, named in document.collections.items():
        if collection not in COLLECTIONS:
            known = f"is not a collection; known: {', '.join(COLLECTIONS)}"
            raise BadDocument(known, document.line(collection), collection)
        for name in named:
            try:
                check_name(name)
            except ValidationFailed as error:
                line = document.line(collection, name)
                raise BadDocument(f"is not a name: {error.message}", line, f"{collection}.{name}") from None


def _apply(client: ServiceClient, document: Document, counts: Counter[str], *, dry_run: bool) -> None:
    from analytics.feed.errors import ForeignAnswerError, RefusedError

    for collection, named in document.collections.items():
        for name, body in named.items():
            path = f"/{quote(collection, safe='')}/{quote(name, safe='')}{'?dry_run=1' if dry_run else ''}"
            try:
                answer = client.put(path, body)
                outcome = str(answer.get("outcome")) if isinstance(answer, dict) else ""
                if outcome not in OUTCOMES:
                    raise ForeignAnswerError(client.url)
            except RefusedError as error:
                outcome = "failed"
                click.echo(f"failed {collection}/{name}: {error}", err=True)
            else:
                if outcome != "unchanged":
                    click.echo(f"{outcome} {collection}/{name}")
            counts[outcome] += 1


def _all_resources(client: ServiceClient) -> list[dict[str, Any]]:
    from analytics.feed.errors import ForeignAnswerError

    found: list[dict[str, Any]] = []
    asked = {"limit": "1000"}
    try:
        while True:
            page = client.get("/catalog", asked)
            found += [{name: resource[name] for name in RESOURCE_FIELDS} for resource in page["resources"]]
            if page["next_cursor"] is None:
                return found
            if page["next_cursor"] == asked.get("cursor") or not isinstance(page["next_cursor"], str):
                raise ValueError("there is no end")
            asked["cursor"] = page["next_cursor"]
    except (KeyError, TypeError, ValueError):
        raise ForeignAnswerError(client.url) from None


def _fail(reason: str) -> None:
    click.echo(f"Error: {reason}", err=True)
    sys.exit(1)
