"""Labels from the attributes of resources, scopes and points."""

import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from analytics.doors.otlp.names import label_name
from analytics.doors.otlp.values import within
from analytics.records import NO_SERVICE

SERVICE, INSTANCE = "service", "instance"
OWN_LABELS = {"service.name": SERVICE, "service.instance.id": INSTANCE}
"""Attributes of resources with labels of their own."""
LEFT_OUT = ("telemetry.", "process.", "os.", "webengine.", "container.image.", "host.image.")
"""Beginnings of attributes that describe the software of a sender: they are no labels."""
LEFT_OUT_NAMES = {
    *("container.id", "host.id", "host.ip", "host.mac", "host.arch", "k8s.pod.uid", "k8s.pod.ip"),
    *("k8s.pod.start_time", "k8s.container.restart_count", "oci.manifest.digest"),
}
MOST_RESOURCE_LABELS = 20
"""Labels from one resource; further attributes are left out, in the order of their names."""
LONGEST_RESOURCE_LABEL = 256
"""Characters; longer values are left out."""
MOST_ATTRIBUTES = 200
"""Attributes of one resource or point; a point with more is rejected."""
DEEPEST = 5
"""Levels of lists and maps in a value that becomes text."""
MOST_LABEL_VALUES = 1_000
"""Values in them, at all levels."""


class Sender:
    """A resource and one of its scopes.

    Attributes:
        labels: labels of all its series.
        source: tells its totals apart from those of other senders of the same series: a hash of all attributes.
        is_one: whether it names its instance, so that no other process has the same source.
    """

    def __init__(self, resource: Any, scope: Any) -> None:
        attributes = {pair.key: _text(pair.value) for pair in resource.attributes[:MOST_ATTRIBUTES]}
        self.labels = _resource_labels(attributes)
        self.is_one = bool(attributes.get("service.instance.id"))
        identity = json.dumps([sorted(attributes.items()), scope.name, scope.version])
        self.source = blake2b(identity.encode(errors="replace"), digest_size=8).hexdigest()

    def labels_with(self, attributes: Iterable[Any]) -> dict[str, str]:
        """The labels of a point with these attributes.

        Where names become equal, their values are joined by a semicolon, in the order of the names. An attribute with
        the name of a label of the resource becomes `exported_…`.
        """
        labels = dict(self.labels)
        for name, value in attribute_labels(attributes).items():
            labels[f"exported_{name}" if name in self.labels else name] = value
        return labels


def _resource_labels(attributes: dict[str, str]) -> dict[str, str]:
    labels = {SERVICE: NO_SERVICE}
    for name in sorted(attributes):
        value = attributes[name]
        own = OWN_LABELS.get(name)
        if own is not None:
            if value:
                labels[own] = value
        elif not (name.startswith(LEFT_OUT) or name in LEFT_OUT_NAMES or len(value) > LONGEST_RESOURCE_LABEL):
            label = label_name(name)
            if label and label not in (SERVICE, INSTANCE) and len(labels) < MOST_RESOURCE_LABELS:
                labels.setdefault(label, value)
    return labels


def attribute_labels(attributes: Iterable[Any]) -> dict[str, str]:
    """Labels from attributes. Where names become equal, their values are joined by a semicolon."""
    pairs = [(pair.key, _text(pair.value)) for pair in attributes]
    labels = {label_name(key): value for key, value in pairs}
    if len(labels) < len(pairs):
        labels = {}
        for key, value in sorted(dict(pairs).items()):
            name = label_name(key)
            labels[name] = f"{labels[name]};{value}" if name in labels else value
    labels.pop("", None)
    return labels


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return str(value.string_value)
    plain = _plain(value, [MOST_LABEL_VALUES])
    return plain if isinstance(plain, str) else "" if plain is None else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any, room: list[int], depth: int = 0) -> Any:
    """A value as JSON can have it; lists and maps that are nested too deeply become None.

    Args:
        room: how many values in lists and maps are left; further ones are left out.
    """
    kind = value.WhichOneof("value")
    if kind is None or depth > DEEPEST:
        return None
    given = getattr(value, kind)
    match kind:
        case "double_value":
            return int(given) if given.is_integer() and abs(given) < 2**53 else str(given) if given != given else given
        case "bytes_value":
            return b64encode(given).decode() if isinstance(given, bytes) else given
        case "array_value":
            return [_plain(item, room, depth + 1) for item in within(given.values, room)]
        case "kvlist_value":
            return {pair.key: _plain(pair.value, room, depth + 1) for pair in within(given.values, room)}
    return given
