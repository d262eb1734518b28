"""The grouping key of a push: the labels in its path, which all of its series have.

Source: github.com/prometheus/pushgateway#url
"""

import binascii
import re
from base64 import urlsafe_b64decode

from analytics.doors.series_labels import checked_labels
from analytics.errors import ValidationFailed
from analytics.points import NAME_LABEL

JOB = "job"
BASE64 = "@base64"
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
Grouping = tuple[tuple[str, str], ...]
"""The labels of a group, ordered by name; values may be empty, which removes the label of the series."""


def grouping_of(path: str, *, is_base64: bool) -> Grouping:
    """The labels in a path such as `shop/instance/a`, which follows `/metrics/job/`.

    Args:
        path: the decoded path.
        is_base64: whether it follows `/metrics/job@base64/`.

    Raises:
        ValidationFailed: it is no grouping key.
    """
    parts = path.split("/")
    if len(parts) % 2 == 0 and not parts[-1]:
        parts.pop()  # a slash at the end
    if len(parts) % 2 == 0:
        raise _bad(f"The label {parts[-1][:40]!r} has no value.", parts[-1])
    labels = {JOB: _decoded(parts[0]) if is_base64 else parts[0]}
    if not labels[JOB]:
        raise _bad("The job is empty.", JOB)
    for name, value in zip(parts[1::2], parts[2::2], strict=True):
        label = name.removesuffix(BASE64)
        if LABEL_NAME.fullmatch(label) is None or label == NAME_LABEL:
            raise _bad(f"{label[:40]!r} is no name of a label.", label)
        if label in labels:
            raise _bad(f"The label {label[:40]!r} is given twice.", label)
        labels[label] = _decoded(value) if label != name else value
    checked_labels([(NAME_LABEL, JOB), *labels.items()])
    return tuple(sorted(labels.items()))


def _decoded(text: str) -> str:
    """The text of a value in URL-safe Base64, with or without padding; `=` alone is an empty one.

    Raises:
        ValidationFailed: it is not Base64 of a text.
    """
    bare = text.rstrip("=")
    try:
        if not re.fullmatch(r"[-\w]*", bare, re.ASCII):
            raise ValueError(text)
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode()
    except (binascii.Error, ValueError):
        raise _bad(f"{text[:40]!r} is no text in URL-safe Base64.", JOB) from None


def _bad(message: str, label: str) -> ValidationFailed:
    return ValidationFailed(message, code="invalid_grouping", fields={label[:40]: [message]})
