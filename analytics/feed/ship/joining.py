"""Joins the lines of a stack trace, so that it is sent as one."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from analytics.feed.ship.tail import FileLine, FileTail

WAIT_SECONDS = 1.0
"""How long the last line of a file waits for one that continues it."""
MOST_LINES, MOST_BYTES = 1000, 256 * 1024
"""A trace with more becomes several."""
TRACEBACK = b"Traceback (most recent call last):"
_CONTINUES = re.compile(rb"[ \t]+\S|Caused by: |\.\.\. \d+ more")
_CHAINED = (
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
)


class JoinedLine(NamedTuple):
    """One or several lines that are sent as one, and the bytes of the file that they take."""

    tail: FileTail
    token: str
    start: int
    end: int
    raw: bytes


class EachAlone:
    """Joins nothing."""

    def join(self, lines: Iterable[FileLine], now: float) -> list[JoinedLine]:
        return [JoinedLine(*line) for line in lines]

    def rest(self) -> list[JoinedLine]:
        return []


class Joined:
    """Joins lines that begin with white space, tracebacks of Python, and causes of Java, to the line before."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, str], _Open] = {}

    def join(self, lines: Iterable[FileLine], now: float) -> list[JoinedLine]:
        """The entries that are complete with `lines`, or have waited for long; `now` is in monotonic seconds."""
        entries: list[JoinedLine] = []
        for line in lines:
            key = (id(line.tail), line.token)
            before = self._open.get(key)
            if before is not None and before.takes(line):
                before.add(line, now)
                continue
            if before is not None:
                entries.append(before.entry())
            self._open[key] = _Open(line, now)
        return entries + self._ended(lambda held: now - held.at >= WAIT_SECONDS)

    def rest(self) -> list[JoinedLine]:
        """The entries that still wait for lines."""
        return self._ended(lambda held: True)

    def _ended(self, is_due: Callable[["_Open"], bool]) -> list[JoinedLine]:
        due = [key for key, held in self._open.items() if is_due(held)]
        return [self._open.pop(key).entry() for key in due]


class _Open:
    """An entry that may go on."""

    def __init__(self, line: FileLine, now: float) -> None:
        self._lines, self._size, self.at = [line], len(line.raw), now
        self._python = _Python(line.raw)

    def takes(self, line: FileLine) -> bool:
        """Whether a line continues it."""
        last = self._lines[-1]
        if line.start != last.end or len(self._lines) >= MOST_LINES or self._size + len(line.raw) > MOST_BYTES:
            return False
        return self._python.takes(line.raw) or _CONTINUES.match(line.raw) is not None

    def add(self, line: FileLine, now: float) -> None:
        self._lines.append(line)
        self._size += len(line.raw)
        self.at = now
        self._python.add(line.raw)

    def entry(self) -> JoinedLine:
        first, last = self._lines[0], self._lines[-1]
        raw = b"\n".join(line.raw for line in self._lines)
        return JoinedLine(first.tail, first.token, first.start, last.end, raw.rstrip(b"\n"))


class _Python:
    """Where in a traceback of Python a line is: outside, in its frames, or after its exception."""

    def __init__(self, raw: bytes) -> None:
        self._is_inside = self._is_after = False
        self.add(raw)

    def takes(self, raw: bytes) -> bool:
        if raw.startswith(TRACEBACK):
            return not self._is_inside
        return self._is_inside or (self._is_after and (not raw.strip() or raw in _CHAINED))

    def add(self, raw: bytes) -> None:
        if raw.startswith(TRACEBACK):
            self._is_inside, self._is_after = True, False
        elif self._is_inside and not raw[:1].isspace():  # the exception, after the frames
            self._is_inside, self._is_after = False, True
