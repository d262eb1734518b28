"""Compiles the stages of a query to steps that each line passes through."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from analytics.logql.addresses import has_address
from analytics.logql.entry import ERROR_DETAILS, ERROR_LABEL, LogEntry
from analytics.logql.errors import BadLogQuery
from analytics.logql.label_tests import label_condition, matcher_test
from analytics.logql.nodes import (
    AddressFilter,
    Choose,
    Decolorize,
    Extract,
    LabelFormat,
    LabelJoin,
    LabelTest,
    LineFilter,
    LineFormat,
    Stage,
)
from analytics.logql.parsers import Step, parser
from analytics.logql.patterns import expression, pattern_expression
from analytics.logql.template_functions import LINE_FUNCTIONS
from analytics.templating.data import TextsByName
from analytics.templating.errors import BadTemplate
from analytics.templating.template import compiled_with

_COLOUR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_OWN_VALUE = re.compile(r"(?<![\w.$])__(line|timestamp)__(?!\w)")
_FAILED = "<error expanding template: "


def pipeline(stages: Sequence[Stage]) -> Step:
    """All stages as one step: whether a line is kept.

    Raises:
        BadLogQuery: a stage is not valid.
    """
    steps = [_step(stage) for stage in stages]
    return lambda entry: all(step(entry) for step in steps)


def _step(stage: Stage) -> Step:
    match stage:
        case AddressFilter(is_negated=is_negated, pattern=pattern):
            has = has_address(pattern)
            return lambda entry: has(entry.line) != is_negated
        case LineFilter():
            is_kept = line_test(stage)
            return lambda entry: is_kept(entry.line)
        case Extract():
            return parser(stage)
        case LabelTest() | LabelJoin():
            return label_condition(stage)
        case LineFormat(template=template):
            return _line_format(template)
        case LabelFormat():
            return _label_format(stage)
        case Choose():
            return _chosen(stage)
        case Decolorize():
            return _decolorize


def line_test(node: LineFilter) -> Callable[[str], bool]:
    """A condition on the text of a line; of a negated one with several texts, none of them may match.

    Raises:
        BadLogQuery: a regular expression is not valid.
    """
    is_negated = node.operator.startswith("!")
    tests = [_text_test(node.operator[1], value) for value in node.values]
    return lambda line: any(test(line) for test in tests) != is_negated


def _text_test(sign: str, value: str) -> Callable[[str], bool]:
    if sign == "=":
        return lambda line: value in line
    found = expression(value if sign == "~" else pattern_expression(value))
    return lambda line: found.search(line) is not None


def _written(template: str) -> Callable[[LogEntry], str]:
    """What a template writes; it is noted as an error of the line if that is not possible."""
    own = _ACTION.sub(lambda action: _OWN_VALUE.sub(r"$.__\1__", action[0]), template)
    try:
        compiled = compiled_with(own, LINE_FUNCTIONS)
    except BadTemplate as error:
        raise BadLogQuery(f"parse error : invalid template: {error.message}") from None

    def write(entry: LogEntry) -> str:
        data: TextsByName = TextsByName(entry.labels())
        own_values: dict[str, Any] = data
        own_values["__line__"], own_values["__timestamp__"] = entry.line, entry.time
        text = compiled.text(data)
        if text.startswith(_FAILED):
            entry.fail("TemplateFormatErr", text.removeprefix(_FAILED).removesuffix(">"))
            return ""
        return text

    return write


def _line_format(template: str) -> Step:
    write = _written(template)

    def step(entry: LogEntry) -> bool:
        text = write(entry)
        if ERROR_LABEL not in entry.parsed or entry.parsed[ERROR_LABEL] != "TemplateFormatErr":
            entry.line = text
        return True

    return step


def _label_format(stage: LabelFormat) -> Step:
    written = [(name, _written(template)) for name, template in stage.written]
    names = [name for name, _ in (*stage.renamed, *stage.written)]
    if len(set(names)) != len(names):
        raise BadLogQuery("parse error : multiple label name found by label_format")
    if {ERROR_LABEL, ERROR_DETAILS} & set(names):
        raise BadLogQuery(f"parse error : {ERROR_LABEL} cannot be formatted")

    def step(entry: LogEntry) -> bool:
        for name, old in stage.renamed:
            value = entry.get(old)
            if value:
                entry.remove(old)
                entry.set(name, value)
        for name, write in written:
            entry.set(name, write(entry))
        return True

    return step


def _chosen(stage: Choose) -> Step:
    names = set(stage.names)
    tests = [(matcher.name, matcher_test(matcher.operator, matcher.value)) for matcher in stage.matchers]

    def step(entry: LogEntry) -> bool:
        labels = entry.labels()
        found = names | {name for name, test in tests if test(labels.get(name, ""))}
        gone = set(labels) - found - {ERROR_LABEL, ERROR_DETAILS} if stage.keeps else found
        for name in gone & set(labels):
            entry.remove(name)
        return True

    return step


def _decolorize(entry: LogEntry) -> bool:
    entry.line = _COLOUR.sub("", entry.line)
    return True
