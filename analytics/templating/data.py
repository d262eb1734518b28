"""What templates of rules see: `.Labels` and `.Value`, also as `$labels` and `$value`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from analytics.points import Labels
from analytics.templating.scope import TemplateQuery


class TextsByName(dict[str, str]):
    """A map of texts; a name that is missing has an empty one, as in Go."""

    def __missing__(self, name: str) -> str:
        return ""


class Outside(NamedTuple):
    """What templates see besides their sample.

    Attributes:
        query: answers queries; None where there are no series.
        labels: `$externalLabels`.
        url: the address of the service, `externalURL`; empty if it is not known.
    """

    query: TemplateQuery | None = None
    labels: Mapping[str, str] = {}
    url: str = ""


def alert_data(labels: Labels, value: float | None, outside: Outside = Outside()) -> dict[str, Any]:  # noqa: B008
    """The data for a template about a sample; without a value it is 0, as where data are missing."""
    return {
        "Labels": TextsByName(labels),
        "Value": 0.0 if value is None else value,
        "ExternalLabels": TextsByName(outside.labels),
        "ExternalURL": outside.url,
    }
