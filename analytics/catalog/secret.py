"""Secrets of the catalog are found where they are used: in the environment, or in a file."""

import os
from collections.abc import Mapping
from pathlib import Path

from analytics.errors import AnalyticsError

SECRET_LIMIT = 64 * 1024
FILE = "file:"


class SecretMissing(AnalyticsError):
    """A secret is not where its reference says; the message names the place, never the secret."""


def resolve(reference: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret that a reference leads to; of a file, its text without a line end at its end.

    Raises:
        SecretMissing: there is none.
    """
    if not reference.startswith(FILE):
        name = reference.removeprefix("${").removesuffix("}")
        secret = environ.get(name, "")
        if not secret:
            raise SecretMissing(f"The environment variable {name} is not set, or empty: it should hold a secret.")
        return secret
    path = Path(reference.removeprefix(FILE))
    try:
        with path.open("rb") as file:
            data = file.read(SECRET_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise SecretMissing(f"{path} cannot be read ({reason}): it should hold a secret.") from None
    if len(data) > SECRET_LIMIT:
        raise SecretMissing(f"{path} is larger than {SECRET_LIMIT} bytes: it should hold a secret.")
    try:
        secret = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretMissing(f"{path} is not UTF-8: it should hold a secret.") from None
    if not secret:
        raise SecretMissing(f"{path} is empty: it should hold a secret.")
    return secret
