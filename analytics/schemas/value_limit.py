"""Limits the values of JSON that is decoded at once: no other request is answered meanwhile."""

from analytics.errors import MalformedBody

MOST_VALUES = 100_000
"""Values of one record, which take about 50 ms; far more than any record that is valid has."""
FEWEST_BYTES = 2 * MOST_VALUES
"""JSON of no more bytes has no more values."""
MOST_OF_REQUEST = 500_000
"""Values of a request whose records are decoded together; large bodies may have more."""
_NEITHER_QUOTES_NOR_SEPARATORS = bytes(set(range(256)) - set(b'",[{'))


def check_values(json: bytes, most: int = MOST_VALUES) -> None:
    """Refuse JSON with too many values.

    Raises:
        MalformedBody: it has more than `most`.
    """
    if has_more_values(json, most):
        raise MalformedBody(
            f"The JSON has more than {most:,} values; send smaller pieces of data.", code="too_many_values"
        )


def check_request(json: bytes, bytes_of_value: int) -> None:
    """Refuse a request with too many values, whose records are decoded together.

    Args:
        bytes_of_value: how many bytes there are for each value in a request of a real sender, at least.

    Raises:
        MalformedBody: it has too many.
    """
    check_values(json, max(MOST_OF_REQUEST, len(json) // bytes_of_value))


def has_more_values(json: bytes, most: int) -> bool:
    """Whether JSON has more than `most` values besides the outermost, in a tenth of the time of decoding them."""
    if len(json) <= 2 * most or _separators(json) <= most:
        return False
    bare = json.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NEITHER_QUOTES_NOR_SEPARATORS)
    return _outside_strings(bare) > most


def _outside_strings(marks: bytes) -> int:
    """How many separators stand outside strings, which begin and end with each quotation mark."""
    import numpy as np

    quotes = np.frombuffer(marks, np.uint8) == ord('"')
    return int(np.count_nonzero(~(np.bitwise_xor.accumulate(quotes) | quotes)))


def _separators(json: bytes) -> int:
    """How many values the JSON has at most, besides the first one: each follows one of these."""
    return json.count(b",") + json.count(b"[") + json.count(b"{")
