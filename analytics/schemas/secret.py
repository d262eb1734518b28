"""Secrets in what users send: never the secret itself, only where it is found."""

from typing import Any

from marshmallow import validate

from analytics.schemas.fields import Text

REFERENCE = r"^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|file:/.*[^/])$"


class Secret(Text):
    """A reference to a secret: `${NAME}` for a variable of the environment, or `file:/path`.

    The catalog keeps, shows and exports the reference; `catalog.secret.resolve` finds the secret where it is used.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, 1_000, **kwargs)
        self.validators.append(
            validate.Regexp(
                REFERENCE,
                error="Must be a reference to a secret, not the secret itself: ${{NAME}} for a variable of the "
                "service's environment, or file:/path for a file beside it.",
            )
        )
