"""Reads one field of JSON objects: the text of its value as it was sent."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET, Raw, UnsetType

NULL = b"null"
FieldReader = Callable[[bytes], bytes | None]


def field_reader(path: str) -> FieldReader:
    """A function from a JSON object to the JSON of its field `path`; None where it is not there, or null.

    `a.b` is the member of this name, or if there is none, the member `b` of the object `a`. Of members with the same
    name the last one counts.
    """
    whole, names = _member_reader(path), path.split(".")
    steps = [_member_reader(name) for name in names] if len(names) > 1 else []

    def read(json: bytes) -> bytes | None:
        found = whole(json)
        if found is None and steps:
            found = json
            for step in steps:
                found = step(found) if found is not None and found.startswith(b"{") else None
        return None if found == NULL else found

    return read


def _member_reader(name: str) -> FieldReader:
    """A function from a JSON object to the JSON of one of its members, or None."""
    needle, find = msgspec.json.encode(name), _finder(name)

    def member(json: bytes) -> bytes | None:
        if needle not in json and b"\\" not in json:
            return None
        found = find(json)
        return None if found is None else bytes(found)

    return member


def _finder(name: str) -> Callable[[bytes], Raw | None]:
    if '"' in name or "\\" in name or not name.isprintable():  # not possible as the name of a struct's field
        members = msgspec.json.Decoder(dict[str, Raw]).decode
        return lambda json: members(json).get(name)
    shape = msgspec.defstruct("Member", [("found", Raw | UnsetType, UNSET)], rename={"found": name}, gc=False)
    decode = msgspec.json.Decoder(shape).decode
    return lambda json: None if (found := decode(json).found) is UNSET else found  # type: ignore[attr-defined]
