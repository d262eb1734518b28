"""Limits of a request body."""

from typing import NamedTuple

from analytics.errors import TooLarge


class BodyLimits(NamedTuple):
    """Limits of a request body: size, and number of compressed parts."""

    size: int
    """Bytes, after decompression."""
    members: int = 32
    """Gzip members or zstd frames. Each one copies the remaining bytes, so many of them would be slow."""
    advice: str = ""
    """What to do about a body that is too large, for the error message."""

    def check(self, size: int) -> None:
        """Raise TooLarge if `size` is beyond the limit."""
        if size > self.size:
            raise TooLarge(
                f"The body is larger than {self.size} bytes after decompression{self.advice and f'; {self.advice}'}.",
                code="body_too_large",
            )
