"""Resources of the catalog, and the records that change them."""

from typing import Any, Literal

from msgspec import Struct

HTTP = "http"
"""The source of resources that were not read from a file."""
ANY = "*"
Versions = tuple[int, ...] | Literal["*"]
"""The versions that a condition names; `*` is any."""


class NewChange(Struct, frozen=True, omit_defaults=True):
    """A change of one resource of the catalog: its new body, or None to delete it.

    `start` and `end` are the seconds since the epoch in which a resource with a time lies. `who` made the change.
    `if_match` and `if_none_match` are the conditions of RFC 9110: the change is made only where the resource has one of
    those versions, or none of them. A default (`is_default`) is made once, and never replaces a resource.
    """

    collection: str
    name: str
    body: dict[str, Any] | None = None
    start: float | None = None
    end: float | None = None
    who: str = ""
    if_match: Versions | None = None
    if_none_match: Versions | None = None
    is_default: bool = False


class FileResource(Struct, frozen=True, omit_defaults=True):
    """A resource as a configuration file has it."""

    collection: str
    name: str
    body: dict[str, Any]
    start: float | None = None
    end: float | None = None


class NewFile(Struct, frozen=True, omit_defaults=True):
    """All resources of one configuration file; those that it had before and has no more are deleted."""

    file: str
    resources: list[FileResource] = []


class Resource(Struct, frozen=True, omit_defaults=True):
    """A resource of the catalog.

    `version` is a number that rises with each change of it, and is never used again for one of the same name.
    `updated_at` is in seconds since the epoch; `source` is `http` or the name of a configuration file.
    """

    collection: str
    name: str
    body: dict[str, Any]
    version: int
    updated_at: float
    updated_by: str
    source: str = HTTP
    start: float | None = None
    end: float | None = None


class Audited(Struct, frozen=True):
    """A change of the catalog or an erasure, for the audit log: its time in seconds since the epoch, and who did it."""

    time: float
    who: str
    action: Literal["created", "changed", "deleted", "erased"]
    collection: str
    name: str
