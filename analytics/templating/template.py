"""Templates: texts with actions, compiled once and filled in often.

    {{ $labels.service }} has {{ $value | humanizePercentage }} errors{{ if gt $value 0.5 }}!{{ end }}

Source: pkg.go.dev/text/template, prometheus.io/docs/prometheus/latest/configuration/template_reference
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from analytics.templating.errors import BadTemplate, TemplateFailed
from analytics.templating.expressions import Functions
from analytics.templating.parsing import TemplateParser
from analytics.templating.rule_functions import RULE_FUNCTIONS
from analytics.templating.scope import Scope, TemplateQuery
from analytics.templating.writers import Writer

_VARIABLES = {
    "$labels": "Labels",
    "$value": "Value",
    "$externalLabels": "ExternalLabels",
    "$externalURL": "ExternalURL",
}


class TextTemplate(NamedTuple):
    """A template.

    Attributes:
        constant: its text, if it has no actions.
        defined: the templates that `define` names in it.
    """

    writers: tuple[Writer, ...]
    constant: str | None
    defined: Mapping[str, Writer]

    @property
    def is_constant(self) -> bool:
        """Whether its text does not depend on data."""
        return self.constant is not None

    def text(self, data: Mapping[str, Any], query: TemplateQuery | None = None) -> str:
        """The template with data filled in; says what is wrong if that is not possible, as Prometheus does.

        Args:
            query: answers its queries; None where there are no series.
        """
        if self.constant is not None:
            return self.constant
        scope, into = Scope(data), list[str]()
        scope.query, scope.defined = query, self.defined
        for name, field in _VARIABLES.items():
            if field in data:
                scope.declare(name, data[field])
        try:
            for write in self.writers:
                write(scope, into)
        except (TemplateFailed, RecursionError) as error:
            return f"<error expanding template: {error}>"
        return "".join(into)


@lru_cache(maxsize=512)
def compiled(text: str) -> TextTemplate:
    """The template in a text of a rule.

    Raises:
        BadTemplate: it is not valid, or uses what is not supported.
    """
    return compiled_with(text, RULE_FUNCTIONS)


def compiled_with(text: str, functions: Functions) -> TextTemplate:
    """The template in a text, which may use these functions.

    Raises:
        BadTemplate: it is not valid, or uses what is not supported.
    """
    if "{{" not in text:
        return TextTemplate((), text, {})
    parser = TemplateParser(text, functions)
    try:
        writers = parser.all()
    except RecursionError:
        raise BadTemplate("is nested too deeply") from None
    return TextTemplate(tuple(writers), None, parser.defined)
