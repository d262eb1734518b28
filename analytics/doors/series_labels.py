"""Checks the labels of a series, as all doors for numbers do."""

from collections.abc import Iterable

from analytics.errors import ValidationFailed
from analytics.log.admission import MAX_LABELS
from analytics.points import NAME_LABEL, Labels

MOST_LABELS = MAX_LABELS + 1
"""Labels of a series, with its name."""
LONGEST_NAME = 256
"""Characters of the name of a metric or label."""
LONGEST_VALUE = 1024
"""Characters of the value of a label."""
SHOWN_CHARACTERS = 40
"""Characters of a name that a message shows."""


class BadLabels(ValidationFailed):
    """The labels of a series are not valid; the message says which and why."""

    code = "invalid_labels"


def checked_labels(pairs: Iterable[tuple[str, str]]) -> Labels:
    """The labels of a series in their order, without empty ones.

    Raises:
        BadLabels: there is no `__name__`, a label is given twice, or there are too many or too long ones.
    """
    labels = tuple(sorted([pair for pair in pairs if pair[1]]))
    if len(labels) > MOST_LABELS:
        raise BadLabels(f"A series has {len(labels)} labels, more than {MOST_LABELS}.")
    before, has_name = None, False
    for name, value in labels:
        if name == before:
            raise BadLabels(f"The label {_short(name)} is given twice.")
        if not name:
            raise BadLabels(f"A label with the value {_short(value)} has no name.")
        if len(name) > LONGEST_NAME:
            raise BadLabels(f"The name of the label {_short(name)} is longer than {LONGEST_NAME} characters.")
        if len(value) > LONGEST_VALUE and name != NAME_LABEL:
            raise BadLabels(f"The value of the label {_short(name)} is longer than {LONGEST_VALUE} characters.")
        if name == NAME_LABEL:
            has_name = True
            if len(value) > LONGEST_NAME:
                raise BadLabels(f"The name {_short(value)} is longer than {LONGEST_NAME} characters.")
        before = name
    if not has_name:
        raise BadLabels("A series has no name (the label `__name__`).")
    return labels


def _short(name: str) -> str:
    return repr(name if len(name) <= SHOWN_CHARACTERS else f"{name[:SHOWN_CHARACTERS]}…")
