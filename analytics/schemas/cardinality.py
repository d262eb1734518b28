"""Schemas of the answer of /stats/cardinality."""

from marshmallow import fields

from analytics.points import POINT_KINDS
from analytics.schemas.answers import AnswerSchema, choice, text, whole


class NameSeries(AnswerSchema):
    """Metric with many series."""

    name = text("Name of the metric", "memory")
    kind = choice("What its values are", POINT_KINDS)
    series = whole("Its series", 40)


class LabelSeries(AnswerSchema):
    """Label of many series."""

    label = text("Name of the label", "host")
    values = whole("Its different values", 20)
    series = whole("Series that have it", 40)


class ServiceSeries(AnswerSchema):
    """Service with many series."""

    service = text("Name of the service; null for series without one", "productcatalog", allow_none=True)
    series = whole("Its series", 40)


class CardinalityStats(AnswerSchema):
    """Number of series in all, and by name, label and service, most first."""

    series = whole("Series of custom and tagged metrics", 40)
    limited_series = whole("Series that count towards ANALYTICS_MAX_SERIES: these, and those of event types", 52)
    max_series = whole("ANALYTICS_MAX_SERIES", 10000)
    max_series_per_name = whole("Most series of one name", 10000)
    evicted = whole("Silent series that made room for new ones", 0)
    by_name = fields.List(fields.Nested(NameSeries))
    by_label = fields.List(fields.Nested(LabelSeries))
    by_service = fields.List(fields.Nested(ServiceSeries))
