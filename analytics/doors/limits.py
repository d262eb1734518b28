"""The limits of a request's body."""

from typing import NamedTuple

from analytics.errors import TooLarge


class BodyLimits(NamedTuple):
    """How large a body may be, how long it may take to arrive, and of how many compressed parts it may consist."""

    size: int
    """Bytes, after decompression."""
    seconds: float
    members: int = 32
    """Members of gzip or frames of zstd; each costs a copy of what follows it."""

    def check(self, size: int) -> None:
        """Raise TooLarge if `size` is beyond the limit."""
        if size > self.size:
            raise TooLarge(
                f"The body is larger than {self.size} bytes after decompression; send smaller batches.",
                code="body_too_large",
            )
