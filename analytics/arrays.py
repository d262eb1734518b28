"""Splits a JSON array into its items, even if some of them are not valid JSON."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

STEPS_PER_PAUSE = 4096
"""Steps between two calls of `pause`; a step handles one closing bracket, one comma between items, or the like."""
BYTES_OF_STEP = 64
"""Bytes without any of these that take as long as a step."""

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_FLAT = rb'(?:[^"\[\]{}]++|%b)*+' % _STRING
_CLOSED = rb"%b|\{%b\}|\[%b\]" % (_STRING, _FLAT, _FLAT)
"""Text that needs no step of its own: a string, or a pair of brackets without others in it."""
_WITHIN_ITEM = re.compile(rb'(?:[^"\[\]{}]++|%b)*+' % _CLOSED, re.DOTALL)
_BETWEEN_ITEMS = re.compile(rb'(?:[^"\[\]{,]++|%b)*+' % _CLOSED, re.DOTALL)
_WITHIN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_OPENING = re.compile(rb"[\[{]*+")
_QUOTE, _BACKSLASH = b'"\\'
_SQUARE, _CURLY, _END = b"[{]"
_OPENED_BY = {_END: _SQUARE, _CURLY + 2: _CURLY}


class ByteRange(NamedTuple):
    """The bytes of one item, from `start` to before `end`, with the whitespace around it."""

    start: int
    end: int


class ArrayScanner:
    """Splits an array into items, from after its opening bracket on; it may arrive in any number of chunks.

    Only quotes, escapes, brackets and the commas between items are looked at, so an item may have any error that leaves
    its strings and brackets closed. A closing bracket closes everything opened after its partner; one without a partner
    is part of its item. A string or an item that is never closed includes everything after it. The time is linear in
    the number of bytes.

    Args:
        start: position after the opening bracket.
        pause: called regularly, to let others run.

    Attributes:
        start: position at which the incomplete item begins.
        end: position after the closing bracket of the array; None until it is found.

    Example:
        >>> scanner = ArrayScanner(start=1)
        >>> [tuple(item) for item in scanner.scan(b'[{"a":1}, {"b":]}]')]
        [(1, 8), (9, 17)]
    """

    def __init__(self, start: int = 0, pause: Callable[[], None] = lambda: None) -> None:
        self.start = start
        self.end: int | None = None
        self._at, self._pause, self._steps = start, pause, 0
        self._in_string = self._is_escaped = False
        self._open = bytearray()
        self._counts = {_SQUARE: 0, _CURLY: 0}

    def scan(self, chunk: bytes, offset: int = 0) -> Iterator[ByteRange]:
        """The items that end in `chunk`, whose first byte is at `offset`; an empty array has one blank item.

        Chunks must be contiguous. Consume all items of one before scanning the next.
        """
        at, size = self._at - offset, len(chunk)
        opened, counts = self._open, self._counts
        while at < size and self.end is None:
            self._steps += 1
            if self._steps >= STEPS_PER_PAUSE:
                self._steps = 0
                self._pause()
            if self._in_string:
                at = self._end_of_string(chunk, at)
                continue
            begin, at = at, _skip(_WITHIN_ITEM if opened else _BETWEEN_ITEMS, chunk, at)
            self._steps += (at - begin) // BYTES_OF_STEP
            if at == size:
                break
            byte = chunk[at]
            if byte in counts:
                run = chunk[at : _skip(_OPENING, chunk, at)]
                at += len(run)
                opened += run
                squares = run.count(_SQUARE)
                counts[_SQUARE] += squares
                counts[_CURLY] += len(run) - squares
                continue
            at += 1
            if byte == _QUOTE:  # of a string that continues in the next chunk
                self._in_string = True
            elif opened:
                self._close(_OPENED_BY[byte])
            else:
                place = self._at = offset + at
                found, self.start = ByteRange(self.start, place - 1), place
                self.end = place if byte == _END else None
                yield found
        self._at = offset + at

    def _close(self, partner: int) -> None:
        """Close the last open `partner` bracket, and everything opened after it."""
        opened, counts = self._open, self._counts
        if opened[-1] == partner:
            counts[opened.pop()] -= 1
        elif counts[partner]:
            place = opened.rfind(partner)
            counts[partner] -= 1
            counts[_CURLY if partner == _SQUARE else _SQUARE] -= len(opened) - place - 1
            del opened[place:]

    def _end_of_string(self, chunk: bytes, at: int) -> int:
        """The position after the closing quote of the string, or the end of `chunk`."""
        if self._is_escaped:
            self._is_escaped = False
            return at + 1
        at = _skip(_WITHIN_STRING, chunk, at)
        if at < len(chunk):
            self._in_string = self._is_escaped = chunk[at] == _BACKSLASH  # the last byte of the chunk
            at += 1
        return at


def _skip(pattern: re.Pattern[bytes], chunk: bytes, at: int) -> int:
    """The end of the match of `pattern` at `at`."""
    found = pattern.match(chunk, at)
    return at if found is None else found.end()
