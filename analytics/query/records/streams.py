"""Lines as streams of Loki, for those who follow them."""

from collections.abc import Mapping

from msgspec.json import Encoder

from analytics.errors import AnalyticsError

_encode = Encoder().encode


class BadTailQuery(AnalyticsError):
    """The query in LogQL is not valid, or uses what is left out here; the message names it."""

    status = 400
    code = "bad_data"


def stream_of(labels: Mapping[str, str], time: int, line: str) -> bytes:
    """A stream with one line; `time` is in nanoseconds since the epoch."""
    return _encode({"stream": dict(sorted(labels.items())), "values": [[str(time), line]]})
