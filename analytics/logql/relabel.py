"""`label_replace`: sets a label of series from another one."""

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import LabelReplace
from analytics.logql.patterns import expression
from analytics.logql.vectors import SeriesKey, Vector, key_of
from analytics.templating.errors import TemplateFailed
from analytics.templating.replacing import expanded


def relabelled(node: LabelReplace, vector: Vector) -> Vector:
    """The series with their new labels; those whose label does not match stay as they are.

    Raises:
        BadLogQuery: two series have the same labels then, or a label would be too long.
    """
    whole = expression(f"^(?:{node.pattern})$")
    found: Vector = {}
    for key, values in vector.items():
        labels = dict(key)
        match = whole.search(labels.get(node.source, ""))
        try:
            text = "" if match is None else expanded(match, node.replacement)
        except TemplateFailed as error:
            raise BadLogQuery(f"label_replace: {error}") from None
        new: SeriesKey = key if match is None else key_of({**labels, node.target: text})
        if new in found:
            raise BadLogQuery("label_replace gives two series the same labels")
        found[new] = values
    return found
