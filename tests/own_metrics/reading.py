"""Reads own metrics as a source reports them."""

from collections.abc import Iterable

from analytics.own_metrics.family import Family, Histograms


def figures(families: Iterable[Family | Histograms]) -> dict[tuple[str, ...], float]:
    """Value by name and labels; of a histogram, the number of its observations."""
    found: dict[tuple[str, ...], float] = {}
    for family in families:
        if isinstance(family, Histograms):
            found |= {(family.name, *labels): each.buckets()[-1][1] for labels, each in family.values.items()}
        else:
            found |= {(family.name, *labels): value for labels, value in family.values.items()}
    return found
