"""All decoders that are fuzzed, by the family that they belong to."""

from collections.abc import Callable, Mapping

from tests.fuzz import (
    access,
    agent,
    alerts,
    bodies,
    files,
    headers,
    journal,
    lines,
    live,
    logs,
    numbers,
    people,
    privacy,
    prometheus,
    queries,
    questions,
    record_reads,
    records,
    resources,
    sign_ins,
    sinks,
)
from tests.fuzz.decoder import Decoder

FAMILIES: Mapping[str, Callable[[], list[Decoder]]] = {
    "bodies": bodies.decoders,
    "access": access.decoders,
    "agent": agent.decoders,
    "alerts": alerts.decoders,
    "queries": queries.decoders,
    "live": live.decoders,
    "logs": logs.decoders,
    "files": files.decoders,
    "headers": headers.decoders,
    "journal": journal.decoders,
    "lines": lines.decoders,
    "people": people.decoders,
    "privacy": privacy.decoders,
    "numbers": numbers.decoders,
    "prometheus": prometheus.decoders,
    "questions": questions.decoders,
    "record_reads": record_reads.decoders,
    "records": records.decoders,
    "resources": resources.decoders,
    "sign_ins": sign_ins.decoders,
    "sinks": sinks.decoders,
}
