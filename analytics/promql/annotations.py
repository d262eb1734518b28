"""Annotations of an answer: warnings and infos, with Prometheus' texts.

Source of the texts: prometheus.io/docs/prometheus/latest/querying/api/ and the messages that Prometheus 3 sends.
"""

from analytics.promql.quoting import quoted
from analytics.promql.text import float_text

MIXED_SCHEMAS = "vector contains a mix of histograms with exponential and custom buckets schemas for metric name"
COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")


class Annotations:
    """Collects the distinct annotations of one query, in the order in which they occur."""

    __slots__ = ("_infos", "_query", "_warnings")

    def __init__(self, query: str) -> None:
        self._query = query
        self._warnings: dict[str, None] = {}
        self._infos: dict[str, None] = {}

    @property
    def warnings(self) -> list[str]:
        """Texts of the warnings."""
        return list(self._warnings)

    @property
    def infos(self) -> list[str]:
        """Texts of the infos."""
        return list(self._infos)

    def warn(self, text: str, at: int) -> None:
        """Add a warning about the expression that starts at character `at` of the query."""
        self._warnings[f"PromQL warning: {text} ({self._place(at)})"] = None

    def inform(self, text: str, at: int) -> None:
        """Add an info about the expression that starts at character `at` of the query."""
        self._infos[f"PromQL info: {text} ({self._place(at)})"] = None

    def _place(self, at: int) -> str:
        before = self._query[:at]
        return f"{before.count(chr(10)) + 1}:{at - (before.rfind(chr(10)) + 1) + 1}"


def for_metric(text: str, name: str) -> str:
    """The text with the name of the metric, if it has one."""
    return f"{text} for metric name {quoted(name)}" if name else text


def bad_quantile(q: float) -> str:
    """A quantile outside of 0 to 1."""
    return f"quantile value should be between 0 and 1, got {float_text(q)}"


def bad_bucket_label(value: str, name: str) -> str:
    """A classic histogram's series without a usable `le`."""
    return for_metric(f'bucket label "le" is missing or has a malformed value of {quoted(value)}', name)


def mixed_floats_and_histograms(name: str) -> str:
    """A range of one series with both kinds of samples."""
    return f"encountered a mix of histograms and floats for metric name {quoted(name)}"


MIXED_IN_AGGREGATION = "encountered a mix of histograms and floats for aggregation"


def mixed_classic_and_native(name: str) -> str:
    """A histogram given both ways."""
    return for_metric("vector contains a mix of classic and native histograms", name)


def not_a_counter(name: str) -> str:
    """A rate of gauge histograms."""
    return f"this native histogram metric is not a counter: {quoted(name)}"


def not_a_gauge(name: str) -> str:
    """A delta of counter histograms."""
    return f"this native histogram metric is not a gauge: {quoted(name)}"


def mixed_schemas(name: str) -> str:
    """Exponential and custom buckets in one place."""
    return f"{MIXED_SCHEMAS} {quoted(name)}"


def possible_non_counter(name: str) -> str:
    """A rate of a metric whose name is not a counter's."""
    return f"metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {quoted(name)}"


def forced_monotonicity(name: str) -> str:
    """Classic buckets whose counts fall."""
    link = "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"
    return for_metric(f"input to histogram_quantile needed to be fixed for monotonicity (see {link})", name)


def incompatible_types(left: str, operator: str, right: str) -> str:
    """An operator between a float and a histogram that has no meaning."""
    return f"incompatible sample types encountered for binary operator {quoted(operator)}: {left} {operator} {right}"


def incompatible_layout(operator: str) -> str:
    """An operator between exponential and custom buckets."""
    return f"incompatible bucket layout encountered for binary operator {operator}"


def ignored_in_aggregation(operator: str) -> str:
    """An aggregation of floats that met histograms."""
    return f"ignored histogram in {operator} aggregation"


def ignored_in_range(name: str) -> str:
    """A function of floats that met a range with histograms, too."""
    return for_metric("ignored histograms in a range containing both floats and histograms", name)


def reset_collision(operation: str) -> str:
    """Histograms of a reset and of no reset in one sum."""
    return f"conflicting counter resets during histogram {operation}"


def reconciled_bounds(operation: str) -> str:
    """Custom buckets of differing bounds were merged into those that they share."""
    return f"mismatched custom buckets were reconciled during {operation}"


def nan_result(name: str) -> str:
    """A quantile among NaN observations."""
    return for_metric("input to histogram_quantile has NaN observations, result is NaN", name)


def nan_skew(name: str) -> str:
    """A quantile of a histogram with NaN observations."""
    return for_metric("input to histogram_quantile has NaN observations, result is skewed higher", name)


def nan_fraction(name: str) -> str:
    """A fraction of a histogram with NaN observations."""
    return for_metric("input to histogram_fraction has NaN observations, which are excluded from all fractions", name)


INEFFECTIVE_SORT = "sort is ineffective for range queries since results are always ordered by labels"
