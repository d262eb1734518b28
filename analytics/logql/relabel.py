"""`label_replace`: sets a label of series from another one."""

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import LabelReplace
from analytics.logql.patterns import expanded, expression
from analytics.logql.vectors import SeriesKey, Vector, key_of


def relabelled(node: LabelReplace, vector: Vector) -> Vector:
    """The series with their new labels; those whose label does not match stay as they are.

    Raises:
        BadLogQuery: two series have the same labels then.
    """
    whole = expression(f"^(?:{node.pattern})$")
    found: Vector = {}
    for key, values in vector.items():
        labels = dict(key)
        match = whole.search(labels.get(node.source, ""))
        new: SeriesKey = key if match is None else key_of({**labels, node.target: expanded(match, node.replacement)})
        if new in found:
            raise BadLogQuery("label_replace gives two series the same labels")
        found[new] = values
    return found
