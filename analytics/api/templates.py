"""Templates that are filled in for each answer; Jinja is loaded with the first one."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent.parent / "web" / "templates"


def filled(template: str, **values: object) -> str:
    """The text of a template with these values, which are escaped as HTML."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
