"""Templates of webhook bodies: Jinja2 in its sandbox, over the fields of Alertmanager's body.

Example: `{"text": {{ commonAnnotations.summary | tojson }}, "state": {{ status | tojson }}}`
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from analytics.alerts.notify.delivery import NotDelivered

MOST_CHARACTERS = 1_000_000


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def problem_of(template: str) -> str | None:
    """The error of a template; None if it can be used."""
    try:
        _environment().from_string(template)
    except TemplateError as error:
        return f"Is not a template: {error}."
    return None


def rendered(template: str, fields: Mapping[str, Any]) -> str:
    """The text of a template.

    Raises:
        NotDelivered: it uses a field that there is not, or is too long.
    """
    found, size = [], 0
    try:
        for part in _environment().from_string(template).generate(fields):
            found.append(part)
            size += len(part)
            if size > MOST_CHARACTERS:
                raise NotDelivered(f"the template makes more than {MOST_CHARACTERS:,} characters")
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise NotDelivered(f"the template cannot be filled in: {error}") from None
    return "".join(found)
