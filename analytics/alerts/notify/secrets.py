"""Secrets of receivers: references to them in what users give, and hiding them in what people are shown."""

from collections.abc import Callable
from typing import Any

from analytics.alerts.notify.delivery import ReceiverServices

HIDDEN = "***"


def is_reference(text: str) -> bool:
    """Whether a text is a reference to a secret: `${NAME}` or `file:/path`."""
    return text.startswith("file:/") or (text.startswith("${") and text.endswith("}"))


def revealed(text: str, services: ReceiverServices) -> str:
    """The text itself, or the secret that it refers to; raises SecretMissing."""
    return services.secret(text) if is_reference(text) else text


class SeenSecrets:
    """Resolves references, and hides the secrets that it has seen in texts.

    Args:
        resolve: the secret that a reference leads to; raises SecretMissing.
    """

    def __init__(self, resolve: Callable[[str], str]) -> None:
        self._resolve, self._seen = resolve, set[str]()

    def __call__(self, reference: str) -> str:
        """The secret; raises SecretMissing."""
        secret = self._resolve(reference)
        self._seen.add(secret)
        return secret

    def hidden(self, text: Any) -> str:
        """A text without secrets, for people."""
        shown = str(text)
        for secret in sorted(self._seen, key=len, reverse=True):
            shown = shown.replace(secret, HIDDEN)
        return shown
