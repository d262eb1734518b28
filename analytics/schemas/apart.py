"""Tells the items of an array apart in a body that is not valid JSON as a whole."""

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from analytics.arrays import ArrayScanner


class Apart(NamedTuple):
    """The complete items of an array, and what is wrong with what stands behind them.

    `unfinished` is what begins another item and does not end, None where the array does. `problem` says why what
    stands behind `items` is not taken, and `behind_unfinished` the same where `unfinished` turned out to be whole; None
    where nothing is wrong there.
    """

    items: list[bytes]
    unfinished: bytes | None
    problem: str | None
    behind_unfinished: str | None = None


def tell_apart(body: bytes, start: int, ending: bytes, most: int, pause: Callable[[], None]) -> Apart:
    """Take apart an array in `body`, which is not valid JSON; of more than `most` items, `most` + 1 are returned.

    Args:
        body: what holds the array.
        start: the place behind the array's opening bracket.
        ending: what has to follow its closing bracket, but for blanks.
        most: how many items there may be.
        pause: called now and then, to let others work.
    """
    scanner = ArrayScanner(start, pause)
    items = [body[span.start : span.end] for span in islice(scanner.scan(body), most + 1)]
    if scanner.end is None:
        return Apart(
            items,
            body[scanner.start :],
            f"The body ends within this item, which begins at byte {scanner.start}: it was cut off, or a quote or a "
            "bracket is not closed. Nothing from there on was recorded.",
            f"The body ends at byte {len(body)}, before its array does: what should follow there was not recorded.",
        )
    if len(items) == 1 and not items[0].strip():
        items = []
    rest = body[scanner.end :].strip()
    if rest == ending:
        return Apart(items, None, None)
    if not rest:
        return Apart(items, None, f"The body ends at byte {len(body)}, before the object around the array does.")
    return Apart(items, None, f"The array ends at byte {scanner.end}: what follows there was not recorded.")
