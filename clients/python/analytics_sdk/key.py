"""Key of the service: where the client takes it from, and how it is sent."""

import os

import requests
import requests.auth


def read_key(given: str | None) -> str:
    """The key given, or that of the environment variable ANALYTICS_KEY; empty for none.

    Raises:
        ValueError: it cannot be sent in a header.
    """
    key = (os.environ.get("ANALYTICS_KEY", "") if given is None else given).strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError("key (or ANALYTICS_KEY) is not one line of visible ASCII characters without spaces")
    return key


class Bearer(requests.auth.AuthBase):
    """Sends a key; a plain header would lose against a password in ~/.netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
