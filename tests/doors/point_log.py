"""A log of points for tests of doors, which keeps what it was given."""

from collections.abc import Callable, Hashable, Iterable
from io import BytesIO
from typing import Any

from analytics.doors.point_recorder import PointRecorder
from analytics.errors import Unavailable
from analytics.log.outcome import Decoded
from analytics.points import NAME_LABEL, Labels, NewPoint
from analytics.privacy.hashing import Hasher
from analytics.privacy.redactor import Redactor
from analytics.records import ItemError, Receipt
from analytics.resources import NewChange
from tests.state.rig import Rig


class FakeLog:
    """Keeps points in `entries`.

    Args:
        why_not: returns the code of the error for a point, or None.
        room: how many entries it takes before it is unavailable.
    """

    def __init__(self, why_not: Callable[[NewPoint], str | None] = lambda point: None, room: int = 1_000) -> None:
        self.entries: list[list[NewPoint]] = []
        self.rejected: list[str] = []
        self._why_not, self._room = why_not, room

    def record_batch(self, batch: Decoded[NewPoint]) -> Receipt:
        if len(self.entries) == self._room:
            raise Unavailable("Full.", headers={"Retry-After": "5"})
        codes = [(place, point, self._why_not(point)) for place, point in zip(batch.places, batch.items, strict=True)]
        kept = [point for _, point, code in codes if code is None]
        errors = [*batch.errors, *(ItemError(place, code, f"It is {code}.") for place, _, code in codes if code)]
        self.entries.append(kept)
        self.rejected += [error.code for error in errors]
        return Receipt(len(kept), 0, len(errors), errors[:100])

    def reject(self, codes: Iterable[str]) -> None:
        self.rejected += codes

    def new_names(self, point: NewPoint) -> frozenset[Hashable]:
        return frozenset({point.labels})

    @property
    def points(self) -> list[NewPoint]:
        """All points, in their order."""
        return [point for entry in self.entries for point in entry]

    @property
    def values(self) -> dict[str, float | None]:
        """The newest value of each series, under the text by which Prometheus shows its labels."""
        return {shown(point): point.value for point in self.points}


def recorder_of(log: FakeLog, most: int = 100_000, **rules: dict[str, Any]) -> PointRecorder:
    """A recorder of points with these redaction rules."""
    rig = Rig()
    for name, body in rules.items():
        rig.recorder.change(NewChange("redactions", name, body))
    return PointRecorder(log, Redactor(rig.state.catalog, Hasher(lambda: b"k" * 32), rig.recorder.count_redacted), most)


def shown(point: NewPoint) -> str:
    """The labels of a point as Prometheus shows them: `name{label="value"}`."""
    return shown_labels(point.labels)


def shown_labels(labels: Labels) -> str:
    """Labels as Prometheus shows them, without escapes."""
    others = ",".join(f'{name}="{value}"' for name, value in labels if name != NAME_LABEL)
    name = dict(labels)[NAME_LABEL]
    return f"{name}{{{others}}}" if others else name


def environ_of(body: bytes, **more: Any) -> dict[str, Any]:
    """The environ of a request with a body."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **more,
    }
