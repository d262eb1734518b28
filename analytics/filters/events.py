"""How filters read events in memory."""

import re
from itertools import chain

from analytics.filters.memory import Places, Readers, Selection, compiled
from analytics.filters.tree import Node
from analytics.filters.values import OWN_ID, fold
from analytics.records import Kept, NewEvent

_is_own_id = re.compile(OWN_ID).fullmatch


def event_selection(node: Node) -> Selection[NewEvent]:
    """The events of a request that match a filter, among those at some places."""
    return compiled(node, EVENT_READERS)


def _names_with(kept: Kept[NewEvent], places: Places, text: str) -> set[int]:
    """Search the names of all events of a request at once; most requests do not contain the text."""
    found, events = set[int](), [kept.records[place] for place in places]
    names = [(event.type, event.service, event.user_id or "", event.id or "") for event in events]
    if text in fold("\0".join(chain.from_iterable(names))):  # no name contains NUL
        for place, (*others, id_) in zip(places, names, strict=True):
            if any(text in fold(name) for name in others) or _is_in_id(text, id_):
                found.add(place)
    if text.startswith(kept.id_prefix):
        found.update(place for place in places if text == kept.id(place))
    return found


def _is_in_id(text: str, id_: str) -> bool:
    folded = fold(id_)
    return text == folded or (text in folded and not _is_own_id(id_))


EVENT_READERS: Readers[NewEvent] = Readers(
    {
        "type": lambda kept, places: [kept.records[place].type for place in places],
        "service": lambda kept, places: [kept.records[place].service for place in places],
        "user_id": lambda kept, places: [kept.records[place].user_id for place in places],
        "id": lambda kept, places: [kept.id(place) for place in places],
    },
    _names_with,
    lambda kept, places: [kept.records[place].data for place in places],
)
