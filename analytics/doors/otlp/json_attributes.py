"""Takes attributes in JSON apart without decoding them: those that were read before are found by their bytes."""

import msgspec
from msgspec import Raw

from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.records.attributes import MOST_RECORD_ATTRIBUTES

FIRST, BETWEEN, LAST = b'[{"key":"', b'},{"key":"', b"}]"
"""What stands before, between and after attributes, as nearly all clients write them."""
WHOLE = b"\n"
"""What a part begins with that is a whole object; no text in JSON has it."""
_objects = msgspec.json.Decoder(list[Raw] | None).decode


def quick_parts(attributes: Raw) -> list[bytes]:
    """The attributes of an array, each without what all begin and end with; `attribute_json` restores it.

    Where clients write them in another way, a part may be no attribute: use `safe_parts` if one of them cannot be
    decoded. If all can, they are those of the array, since put together they are its bytes.

    Raises:
        BadItem: they are no array.
    """
    data = bytes(attributes)
    if data.startswith(FIRST) and not data.rfind(b"["):  # arrays inside may have objects with keys, too
        return data[len(FIRST) : -len(LAST)].split(BETWEEN)
    return safe_parts(attributes)


def safe_parts(attributes: Raw) -> list[bytes]:
    """The attributes of an array, each as a whole; those beyond the limit are not read, and stay as they are.

    Raises:
        BadItem: they are no array.
    """
    try:
        found = _objects(attributes) or [] if attributes else []
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadItem(f"its attributes are malformed: {error}") from None
    read = found[:MOST_RECORD_ATTRIBUTES]
    return [WHOLE + bytes(each) for each in read] + found[len(read) :]


def attribute_json(part: bytes) -> bytes:
    """The JSON of an attribute."""
    return part if part.startswith(WHOLE) else FIRST[1:] + part + LAST[:1]
