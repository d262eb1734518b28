"""Labels and texts of alerts, from the labels of samples and the templates of their rule."""

from collections.abc import Iterable, Sequence

from analytics.alerts.rules.rule import ALERT_NAME
from analytics.points import Labels, labels_of
from analytics.promql.errors import CannotEvaluate
from analytics.templating.data import Outside, alert_data
from analytics.templating.template import TextTemplate

MOST_KNOWN = 20_000
"""Labels of samples whose labels of alerts are remembered."""


class Labelling:
    """The labels that a rule gives its alerts: those of the sample, its own, and `alertname`.

    Args:
        name: of the alert.
        added: the labels that the rule adds.
    """

    def __init__(self, name: str, added: Sequence[tuple[str, TextTemplate]]) -> None:
        self._name, self._added = name, added
        self._is_constant = all(template.is_constant for _, template in added)
        self._names = {ALERT_NAME, *(label for label, _ in added)}
        self._known: dict[Labels, Labels] = {}
        self._samples: dict[Labels, Labels] = {}

    def labels(self, sample: Labels, value: float, outside: Outside) -> Labels:
        """The labels of the alert for a sample."""
        known = self._known.get(sample) if self._is_constant else None
        if known is None:
            data = alert_data(sample, value, outside) if not self._is_constant else {}
            added = [(name, template.text(data, outside.query)) for name, template in self._added]
            known = labels_of([*sample, *added, (ALERT_NAME, self._name)])
            if any(label in self._names for label, _ in sample):
                self._samples[known] = sample
            if self._is_constant:
                self._known[sample] = known
        return known

    def labelled(self, samples: Iterable[tuple[Labels, float]], outside: Outside) -> dict[Labels, float]:
        """Values by the labels of alerts.

        Raises:
            CannotEvaluate: two samples have the same.
        """
        if max(len(self._known), len(self._samples)) >= MOST_KNOWN:
            self._known.clear()
            self._samples.clear()
        found: dict[Labels, float] = {}
        for sample, value in samples:
            labels = self.labels(sample, value, outside)
            if labels in found:
                raise CannotEvaluate("vector contains metrics with the same labelset after applying alert labels")
            found[labels] = value
        return found

    def sampled(self, labels: Labels) -> Labels:
        """The labels of an alert without those that the rule adds."""
        return tuple(each for each in labels if each[0] not in self._names)

    def texts(
        self,
        templates: Sequence[tuple[str, TextTemplate]],
        labels: Labels,
        value: float | None,
        outside: Outside,
    ) -> dict[str, str]:
        """Texts about an alert, such as its annotations; as in Prometheus, labels are those of the sample."""
        sample = self._samples.get(labels)
        data = alert_data(self.sampled(labels) if sample is None else sample, value, outside)
        return {name: template.text(data, outside.query) for name, template in templates}
