"""Decoding events of the journal: with their data split at once, where its text can be built again from the fields."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from analytics.records import NewEvent
from analytics.store.files.shapes import Fields


class SplitEvent(Struct, gc=False, omit_defaults=True):
    """An event as `NewEvent` has it; `data` has the texts of the fields, without white space between tokens.

    `timestamp` is a text in ISO 8601.
    """

    type: str
    service: str
    user_id: str | None = None
    timestamp: str | None = None
    id: str | None = None
    data: Fields = {}
    sender: str | None = None


JournalEvent = NewEvent | SplitEvent
SPACED = b'": '
"""What a body has in which there is white space between tokens, as most programs write it."""
LOOKED_AT = 1_000
"""Bytes of a body that are looked at for that. Where only the rest has white space, events are decoded whole."""
_encode = msgspec.json.Encoder().encode
_decode_split = msgspec.json.Decoder(list[SplitEvent]).decode
_decode_whole = msgspec.json.Decoder(list[NewEvent]).decode


def decoded_events(body: bytes) -> Sequence[JournalEvent]:
    """The events of a body of the journal, all of one kind: split ones only if they are the same when encoded again.

    Raises:
        msgspec.DecodeError: the body is damaged.
    """
    try:
        compact = msgspec.json.format(body, indent=-1) if SPACED in body[:LOOKED_AT] else body
        events = _decode_split(compact)
        if _encode(events) == compact:
            return events
    except (msgspec.MsgspecError, RecursionError):
        pass
    return _decode_whole(body)
