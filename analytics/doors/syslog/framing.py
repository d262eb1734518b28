"""Frames of syslog over TCP: with the count of bytes before each message, or ended by a line feed.

Source: RFC 6587, section 3.4
"""

from collections.abc import Iterator

LARGEST = 64 * 1024
"""Bytes of a message; the rest of a longer one is skipped."""
MOST_DIGITS = 6


class Frames:
    """Cuts a stream of bytes into messages; each is framed in one of the two ways, told by its first byte."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._skipped = 0
        self._is_long = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are complete with more bytes of the stream."""
        self._data += data
        while True:
            if self._skipped:
                size = min(self._skipped, len(self._data))
                del self._data[:size]
                self._skipped -= size
            if not self._data:
                return
            counted = self._counted()
            if counted is None:
                return
            message = counted or self._line()
            if message is None:
                return
            if message.strip(b"\0\r\n "):
                yield message

    def rest(self) -> bytes:
        """What is left at the end of the stream: a message without its line feed."""
        left = bytes(self._data)
        self._data.clear()
        return b"" if self._is_long else left.strip(b"\0\r\n ")

    def _counted(self) -> bytes | None:
        """The message with a count at the start; empty if there is no count, None if it is not complete."""
        if not 0x31 <= self._data[0] <= 0x39:
            return b""
        head = bytes(self._data[: MOST_DIGITS + 1])
        digits, space, _ = head.partition(b" ")
        if not digits.isdigit():
            return b""
        if not space:
            return b"" if len(head) > MOST_DIGITS else None
        size, start = int(digits), len(digits) + 1
        if len(self._data) < start + min(size, LARGEST):
            return None
        message = bytes(self._data[start : start + min(size, LARGEST)])
        del self._data[: start + min(size, LARGEST)]
        self._skipped = size - len(message)
        return message

    def _line(self) -> bytes | None:
        """The message up to the next line feed; None if there is none yet."""
        end = self._data.find(b"\n")
        if end < 0:
            if len(self._data) < LARGEST:
                return None
            message = b"" if self._is_long else bytes(self._data[:LARGEST])
            self._data.clear()
            self._is_long = True
            return message
        message = b"" if self._is_long else bytes(self._data[:end])
        del self._data[: end + 1]
        self._is_long = False
        return message
