"""The command that prints the settings in force: `analytics config`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from analytics.setting import Setting


class SettingJson(TypedDict):
    """One setting in the output of `--json`; `value` is null where it is not allowed, and `error` says why."""

    value: object
    default: object
    source: str
    group: str
    about: str
    error: str | None


@dataclass(frozen=True)
class Effective:
    """The value of a setting that is in force, or the error in it, and where it comes from."""

    setting: Setting[Any]
    source: str
    value: Any
    error: str | None = None

    @property
    def text(self) -> str:
        """The value for people, on one line."""
        text = "(not allowed)" if self.error else self.setting.show(self.value)
        return (text if text.isprintable() else repr(text)) or "(empty)"

    def to_json(self) -> SettingJson:
        secret = self.setting.is_secret
        return {
            "value": self.setting.show(self.value) if secret and not self.error else self.value,
            "default": self.setting.show(self.setting.default) if secret else self.setting.default,
            "source": self.source,
            "group": self.setting.group,
            "about": self.setting.about,
            "error": self.error,
        }


@click.command("config")
@click.option("--demo", is_flag=True, help="Show the settings of `analytics demo --serve`, which has other defaults.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def config_command(demo: bool, as_json: bool) -> None:
    """Print all settings: value, where it comes from, and what it is for.

    Shows the settings with which `analytics serve` would start in this environment, and starts nothing. The source is
    `environment`, `container` (a default of the container image), `demo --serve` or `default`.

    Exit code 0: all values are allowed. 1: one is not; a line for each such value says what is allowed.
    """
    import json
    import os

    from analytics.cli.beside import DEMO_DEFAULTS
    from analytics.config import SETTINGS, unknown_variable_warnings, unknown_variables

    settings = [effective(setting, os.environ, DEMO_DEFAULTS if demo else {}) for setting in SETTINGS.values()]
    if as_json:
        by_variable = {each.setting.variable: each.to_json() for each in settings}
        click.echo(json.dumps({"settings": by_variable, "unknown": unknown_variables()}))
    else:
        click.echo("\n".join(table(settings)))
    for warning in unknown_variable_warnings():
        click.echo(f"Warning: {warning}", err=True)
    errors = [each.error for each in settings if each.error is not None]
    for error in errors:
        click.echo(f"Error: {error}", err=True)
    sys.exit(1 if errors else 0)


def effective(setting: Setting[Any], environ: Mapping[str, str], demo_defaults: Mapping[str, str]) -> Effective:
    """The value in force of one setting."""
    from analytics.config import IMAGE_DEFAULTS
    from analytics.errors import SettingError

    variable, source = setting.variable, "default"
    if variable in environ:
        of_image = f"{variable}={environ[variable]}" in environ.get(IMAGE_DEFAULTS, "").split(",")
        source = "container" if of_image else "environment"
    elif variable in demo_defaults:
        source = "demo --serve"
    try:
        return Effective(setting, source, setting.read({**demo_defaults, **environ}))
    except SettingError as error:
        return Effective(setting, source, None, error.message)


def table(settings: Sequence[Effective]) -> Iterator[str]:
    """The lines of a table with a heading for each group."""
    variables, values, sources = (  # widths of the columns
        min(40, max(len(cell) for cell in cells))
        for cells in zip(*((each.setting.variable, each.text, each.source) for each in settings), strict=True)
    )
    group = None
    for each in settings:
        if each.setting.group != group:
            group = each.setting.group
            yield group
        yield (
            f"  {each.setting.variable:<{variables}}  {each.text:<{values}}  {each.source:<{sources}}  "
            f"{each.setting.about}"
        )
