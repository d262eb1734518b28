"""Finds the complete items of an array in a body that is not valid JSON."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from analytics.arrays import ArrayScanner


class Apart(NamedTuple):
    """Complete items of an array, and the problem with the bytes after them.

    `unfinished` has the bytes of an item that was cut off; None if the array is complete. `problem` says why the bytes
    after `items` were not recorded; None if there are none. `behind_unfinished` replaces it if `unfinished` turns out
    to be a complete item.
    """

    items: list[bytes]
    unfinished: bytes | None
    problem: str | None
    behind_unfinished: str | None = None


def tell_apart(body: bytes, start: int, ending: bytes, most: int, pause: Callable[[], None]) -> Apart:
    """Split an array in `body`, which is not valid JSON, into items; at most `most` + 1 are returned.

    Args:
        body: the bytes with the array.
        start: index after the array's opening bracket.
        ending: bytes required after its closing bracket, apart from whitespace.
        most: maximum number of items.
        pause: called from time to time, to yield to others.
    """
    scanner = ArrayScanner(start, pause)
    items = [body[span.start : span.end] for span in islice(scanner.scan(body), most + 1)]
    if scanner.end is None:
        return Apart(
            items,
            body[scanner.start :],
            f"The body ends within this item, which begins at byte {scanner.start}: it was cut off, or a quote or a "
            "bracket is not closed. Nothing from there on was recorded.",
            f"The body ends at byte {len(body)}, before its array does; items from there on were not received.",
        )
    if len(items) == 1 and not items[0].strip():
        items = []
    rest = body[scanner.end :].strip()
    if rest == ending:
        return Apart(items, None, None)
    if not rest:
        return Apart(items, None, f"The body ends at byte {len(body)}, before the object around the array does.")
    return Apart(items, None, f"The array ends at byte {scanner.end}; the bytes after it were not recorded.")
