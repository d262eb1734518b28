"""What templates of rules see: `.Labels` and `.Value`, also as `$labels` and `$value`."""

from typing import Any

from analytics.points import Labels


class TextsByName(dict[str, str]):
    """A map of texts; a name that is missing has an empty one, as in Go."""

    def __missing__(self, name: str) -> str:
        return ""


def alert_data(labels: Labels, value: float | None) -> dict[str, Any]:
    """The data for a template about a sample; without a value it is 0, as where data are missing."""
    return {
        "Labels": TextsByName(labels),
        "Value": 0.0 if value is None else value,
        "ExternalLabels": TextsByName(),
        "ExternalURL": "",
    }
