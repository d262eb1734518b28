"""Splits an array in a body that is not valid JSON into its complete items and the rest."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from analytics.arrays import ArrayScanner


class SplitArray(NamedTuple):
    """Complete items of an array, and the problem with the bytes after them.

    `unfinished` has the bytes of an item that was cut off; None if the array is complete. `problem` says why the bytes
    after `items` were not recorded; None if there are none. `problem_if_complete` replaces it if `unfinished`
    turns out to be a complete item.
    """

    items: list[bytes]
    unfinished: bytes | None
    problem: str | None
    problem_if_complete: str | None = None


def split_array(body: bytes, start: int, ending: bytes, most: int, pause: Callable[[], None]) -> SplitArray:
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
        return SplitArray(
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
        return SplitArray(items, None, None)
    if not rest:
        return SplitArray(items, None, f"The body ends at byte {len(body)}, before the object around the array does.")
    return SplitArray(items, None, f"The array ends at byte {scanner.end}; the bytes after it were not recorded.")
