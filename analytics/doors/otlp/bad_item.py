"""Error of one span or log record, which is rejected alone."""


class BadItem(Exception):  # never leaves this door
    """It cannot be kept; the message says why."""
