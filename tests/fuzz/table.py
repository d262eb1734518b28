"""All decoders that are fuzzed, by the family that they belong to."""

from collections.abc import Callable, Mapping

from tests.fuzz import (
    access,
    alerts,
    bodies,
    files,
    journal,
    live,
    logs,
    numbers,
    people,
    privacy,
    prometheus,
    queries,
    questions,
    records,
    sinks,
)
from tests.fuzz.decoder import Decoder

FAMILIES: Mapping[str, Callable[[], list[Decoder]]] = {
    "bodies": bodies.decoders,
    "access": access.decoders,
    "alerts": alerts.decoders,
    "queries": queries.decoders,
    "live": live.decoders,
    "logs": logs.decoders,
    "files": files.decoders,
    "journal": journal.decoders,
    "people": people.decoders,
    "privacy": privacy.decoders,
    "numbers": numbers.decoders,
    "prometheus": prometheus.decoders,
    "questions": questions.decoders,
    "records": records.decoders,
    "sinks": sinks.decoders,
}
