"""References inside an OpenAPI document."""

from collections.abc import Mapping
from typing import Any


def resolve(document: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """The part of `document` to which a `$ref` points."""
    part: Any = document
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return dict(part)
