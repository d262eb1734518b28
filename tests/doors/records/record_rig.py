"""All doors for log lines and spans over a state in memory, without a server."""

from typing import Any

import msgspec

from analytics.answer import Answer
from analytics.config import Settings
from analytics.doors.limits import BodyLimits
from analytics.factory.record_doors import make_record_doors
from analytics.identity import EVERYBODY, KEY, Identity
from analytics.privacy.hashing import Hasher
from analytics.privacy.redactor import Redactor
from analytics.resources import NewChange
from tests.doors.point_log import environ_of
from tests.state.rig import NOON, Rig

JSON, PROTOBUF, LINES = "application/json", "application/x-protobuf", "application/x-ndjson"
NOW = int(NOON) * 1_000_000_000
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


class RecordRig(Rig):
    """The doors, and what they recorded."""

    def __init__(self, rules: dict[str, dict[str, Any]] | None = None, **settings: Any) -> None:
        super().__init__()
        for name, body in (rules or {}).items():
            self.recorder.change(NewChange("redactions", name, body))
        redactor = Redactor(self.state.catalog, Hasher(lambda: b"k" * 32), self.recorder.count_redacted)
        limits = BodyLimits(4 * 1024 * 1024)
        made = make_record_doors(
            Settings(**settings), self.clock.monotonic, self.recorder, redactor, limits, self.state.counters.dropped
        )
        self.doors = made.by_path

    def post(
        self, path: str, body: Any, media_type: str = JSON, identity: Identity = EVERYBODY, **headers: str
    ) -> Answer:
        """The answer to a request; a body that is no bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        environ = environ_of(data, CONTENT_TYPE=media_type, **headers)
        environ[KEY] = identity
        return self.doors[path](environ)

    @property
    def lines(self) -> list[Any]:
        """The log lines that are kept."""
        return self._kept("logs")

    @property
    def spans(self) -> list[Any]:
        """The spans that are kept."""
        return self._kept("spans")

    @property
    def drops(self) -> dict[str, int]:
        return dict(self.state.counters.drops)

    def _kept(self, kind: str) -> list[Any]:
        ring = self.state.rings[kind]
        return [found.kept.records[found.place] for found in ring.newest_first()][::-1]
