"""The command `analytics rules test`: unit tests of rules, without a service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from analytics.alerts.rules.rule import RuleGroup


@click.group("rules")
def rules_command() -> None:
    """Work with alert rules."""


@rules_command.command("test")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def test_command(files: tuple[Path, ...]) -> None:
    """Test alert rules on series and log lines that FILE has.

    FILE is in the format of `promtool test rules`, with log lines in `input_lines`. The rule files that it names are
    those of Prometheus or Loki, or files as `analytics apply` takes them; their names are relative to FILE.

    Exit code 0: all tests passed. 1: one failed, or a file could not be read.
    """
    results = [_run(file) for file in files]
    sys.exit(0 if all(results) else 1)


def _run(file: Path) -> bool:
    """Run the tests of a file, and print the outcome."""
    from analytics.alerts.rules.parts_of_tests import BadTestFile
    from analytics.alerts.rules.unit_tests import rule_files, run_tests
    from analytics.catalog.bad_document import BadDocument
    from analytics.catalog.yaml_text import parse
    from analytics.doors.loki.streams import pushed_line

    click.echo(str(file))
    try:
        tests = parse(file.read_text("utf-8"), {}, lambda: None)
        groups = [group for name in rule_files(tests) for path in _paths(file, name) for group in _groups(path)]
        failures = run_tests(tests, groups, pushed_line)
    except (BadTestFile, BadDocument, OSError, UnicodeDecodeError) as error:
        failures = [str(error)]
    for failure in failures:
        click.echo(f"  FAILED: {failure}")
    if not failures:
        click.echo("  SUCCESS")
    return not failures


def _paths(file: Path, name: str) -> list[Path]:
    """The files that a name stands for, which may have wildcards."""
    found = [Path(name)] if Path(name).is_absolute() else sorted(file.parent.glob(name))
    if not found:
        raise FileNotFoundError(f"rule_files: there is no {name}")
    return found


def _groups(path: Path) -> list[RuleGroup]:
    from analytics.alerts.rules.parts_of_tests import BadTestFile
    from analytics.alerts.rules.rule import prepared
    from analytics.catalog.bad_document import BadDocument
    from analytics.catalog.bodies import item_of
    from analytics.catalog.collections import RULES
    from analytics.catalog.documents import read
    from analytics.errors import ValidationFailed
    from analytics.promql.errors import QueryError
    from analytics.templating.errors import BadTemplate

    try:
        bodies: dict[str, Any] = read(path.read_bytes(), path.name).collections.get(RULES.name, {})
        return [prepared(name, item_of(RULES, name, body, 0.0, None).body) for name, body in bodies.items()]
    except BadDocument as error:
        raise BadTestFile(f"{path}: {error}") from None
    except (ValidationFailed, QueryError, BadTemplate) as error:
        raise BadTestFile(f"{path}: {error.message}") from None
