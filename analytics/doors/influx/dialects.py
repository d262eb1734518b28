"""Differences between the versions of InfluxDB's API for writes: the precisions, and the shapes of errors."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from analytics.answer import Answer, json_answer
from analytics.doors.influx.points import MALFORMED_LINE
from analytics.doors.influx.precision import VERSION_1, VERSION_2, VERSION_3
from analytics.error_answers.influx import CODES, refuse_1, refuse_2, refuse_3
from analytics.errors import AnalyticsError
from analytics.records import ItemError

MOST_SHOWN = 10
"""Errors of lines in one message."""
PARTIAL = "partial write of line protocol occurred"
NOTHING_WRITTEN = "parsing failed for write_lp endpoint"
Lines = Sequence[tuple[int, str]]
"""The number of each line of a body, and its first characters."""


class Partial(NamedTuple):
    """A write of which something was rejected.

    Attributes:
        rejected: how many lines were, or fields of lines.
        errors: why, by the index of the line; perhaps not all of them.
        lines: the lines of the body.
        is_nothing_written: whether nothing was written because of it.
    """

    rejected: int
    errors: Sequence[ItemError]
    lines: Lines
    is_nothing_written: bool = False

    @property
    def text(self) -> str:
        """The errors in one text."""
        return "\n".join(error.message for error in self.errors[:MOST_SHOWN])


class Dialect(NamedTuple):
    """A version of the API.

    Attributes:
        precisions: the precisions of timestamps by their names, in nanoseconds; the empty name is the default.
        refuse: the answer to a request of which nothing was recorded.
        partial: the answer to a request of which something was rejected.
    """

    precisions: Mapping[str, int]
    refuse: Callable[[AnalyticsError], Answer]
    partial: Callable[[Partial], Answer]


def _partial_1(partial: Partial) -> Answer:
    # Telegraf sends a batch again and again unless the message says "partial write"
    text = f"partial write: {partial.text} dropped={partial.rejected}"
    return json_answer({"error": text}, 400, partial.errors[0].code)


def _partial_2(partial: Partial) -> Answer:
    status = 400 if any(error.code == MALFORMED_LINE for error in partial.errors) else 422
    text = f"partial write: {partial.text} dropped={partial.rejected}"
    return json_answer({"code": CODES[status], "message": text}, status, partial.errors[0].code)


def _partial_3(partial: Partial) -> Answer:
    problem = NOTHING_WRITTEN if partial.is_nothing_written else PARTIAL
    data = [
        {
            "original_line": partial.lines[error.index][1],
            "line_number": partial.lines[error.index][0],
            "error_message": error.message,
        }
        for error in partial.errors
    ]
    return json_answer({"error": problem, "data": data}, 400, partial.errors[0].code)


INFLUX_1 = Dialect(VERSION_1, refuse_1, _partial_1)
"""`POST /write`."""
INFLUX_2 = Dialect(VERSION_2, refuse_2, _partial_2)
"""`POST /api/v2/write`."""
INFLUX_3 = Dialect(VERSION_3, refuse_3, _partial_3)
"""`POST /api/v3/write_lp`."""
