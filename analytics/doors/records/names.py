"""Names of services, operations and loggers, as they are kept."""

import re
from functools import lru_cache

from analytics.records import NO_SERVICE

LONGEST_SERVICE = 128
LONGEST_NAME = 256
"""Characters of the name of an operation, a route, a logger or a user."""
UNKNOWN_SERVICE = "unknown_service"
"""How the SDKs of OpenTelemetry call a service without a name; some append `:` and the program."""
REPLACED = "�"
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_name(text: str, most: int = LONGEST_NAME) -> str:
    """The text as a name: cut, and with U+FFFD in place of control characters. Equal names are one object."""
    return _kept(text if len(text) <= most else text[:most], most)


@lru_cache(maxsize=4096)
def _kept(text: str, most: int) -> str:
    return _CONTROLS.sub(REPLACED, text[:most]).strip()


def service_name(text: str) -> str:
    """The service that a sender names; `unknown` if it names none."""
    name = clean_name(text, LONGEST_SERVICE)
    return NO_SERVICE if not name or name == UNKNOWN_SERVICE else name
