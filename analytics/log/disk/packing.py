"""How bodies are stored: compressed where that pays, which makes writes smaller and therefore quicker."""

from lz4 import block

WORTH_BYTES = 1024
"""Shorter bodies are stored as they are."""
PLAIN, LZ4 = b"\0", b"\1"
"""What a stored body begins with."""


def packed(body: bytes | bytearray) -> bytes:
    """A body as it is stored."""
    if len(body) < WORTH_BYTES:
        return PLAIN + body
    return LZ4 + bytes(block.compress(body))


def unpacked(stored: bytes) -> bytes:
    """The body that was stored.

    Raises:
        ValueError: `stored` is something else.
    """
    form, data = stored[:1], memoryview(stored)[1:]
    if form == PLAIN:
        return bytes(data)
    if form == LZ4:
        try:
            return bytes(block.decompress(data))
        except block.LZ4BlockError as error:
            raise ValueError(str(error)) from error
    raise ValueError("a body of an unknown form")
