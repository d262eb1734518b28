"""Runs files and counts what passed, failed and was skipped."""

import re
from collections.abc import Iterable
from pathlib import Path

import promql_parser
from msgspec import Struct, field

from analytics.points import NAME_LABEL, Labels
from analytics.promql import notation
from analytics.promql.block import Block
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine, QueryAnswer
from analytics.promql.errors import QueryError
from analytics.promql.notation import Value
from analytics.promql.raw_samples import RawSamples, Sample
from analytics.promql.storage import Samples
from analytics.promql.values import ScalarValue, TextValue
from tests.promqltest.classic import converted
from tests.promqltest.equality import almost_equal
from tests.promqltest.script import Clear, Evaluation, Expectation, Load, commands

LEFT_OUT = re.compile(r"\b(info|limit_ratio|fill|fill_left|fill_right)\s*\(")
"""Experimental functions and modifiers that are not supported."""
_NAME = re.compile(r"[a-zA-Z_:][\w:]*")


class Outcome(Struct):
    """What became of all evaluations; failures and skips with their place and reason."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"promqltest: {self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


class Mismatch(Exception):
    """An answer is not as expected."""


def run(paths: Iterable[Path]) -> Outcome:
    """Run all evaluations of the files."""
    outcome = Outcome()
    for path in paths:
        script = list(commands(path))
        known = {word for each in script if isinstance(each, Load) for line in each.lines for word in _words(line)}
        known |= {each.removesuffix(ending) for each in known for ending in ("_bucket",)}
        storage = RawSamples()
        for command in script:
            if isinstance(command, Clear):
                storage = RawSamples()
            elif isinstance(command, Load):
                load(command, storage)
            elif reason := _why_not(command, known):
                outcome.skipped.append(f"{command.place}: {reason}: {command.query}")
            else:
                try:
                    check(command, storage)
                    outcome.passed += 1
                except Mismatch as error:
                    outcome.failed.append(f"{command.place}: {command.query}: {error}")
    return outcome


def load(command: Load, storage: RawSamples) -> None:
    """Add the series of a load."""
    loaded: dict[Labels, list[Value]] = {}
    for line in command.lines:
        labels, rest = notation.series(line)
        loaded[labels] = notation.values(rest)
    if command.with_native:
        loaded |= converted(loaded)
    for labels, values in loaded.items():
        storage.add(
            labels,
            [Sample(step * command.step, value) for step, value in enumerate(values) if value is not None],
        )


def check(command: Evaluation, storage: RawSamples) -> None:
    """Raises `Mismatch` if a query does not answer as expected."""
    engine = PromqlEngine(storage)
    try:
        if command.step:
            answer = engine.range(command.query, command.start, command.end, command.step, Budget())
        else:
            answer = engine.instant(command.query, command.start, Budget())
    except QueryError as error:
        if not command.must_fail:
            raise Mismatch(f"failed: {error.message}") from None
        if not all(each.fits(error.message) for each in command.expectations if each.what == "fail"):
            raise Mismatch(f"failed with another message: {error.message}") from None
        return
    except Exception as error:
        raise Mismatch(f"crashed: {error!r}") from error
    if command.must_fail:
        raise Mismatch("did not fail")
    _check_notes(command.expectations, "warn", answer.warnings)
    _check_notes(command.expectations, "info", answer.infos)
    _check_value(command, answer)


def _why_not(command: Evaluation, known: set[str]) -> str | None:
    if found := LEFT_OUT.search(command.query):
        return f"experimental {found[1]}"
    try:
        parsed = promql_parser.parse(command.query)
    except ValueError as error:
        if command.must_fail:
            return None
        return f"the parser refuses it ({str(error).splitlines()[0]})"
    selected = _selected(parsed, known)
    if (command.results or command.must_fail) and selected and "absent" not in command.query and not known & selected:
        return f"no load of the file has {' or '.join(sorted(selected))}"
    return None


def _selected(parsed: object, known: set[str]) -> set[str]:
    """Names, and patterns of names, of the metrics that a query selects; of patterns, what they match."""
    names: set[str] = set()

    def visit(node: object) -> bool:
        node = getattr(node, "vector_selector", node)
        if type(node).__name__ == "VectorSelector" and node.name:
            names.add(str(node.name))
        for matcher in node.matchers.matchers if type(node).__name__ == "VectorSelector" else ():
            if matcher.name == NAME_LABEL and str(matcher.op).endswith(".Re"):
                names.update(each for each in known if re.fullmatch(matcher.value, each))
                names.add(matcher.value)
        return True

    promql_parser.walk(parsed, visit)
    return names


def _words(line: str) -> set[str]:
    labels, _ = notation.series(line)
    return {value for name, value in labels if name == NAME_LABEL}


def _check_notes(expectations: list[Expectation], kind: str, notes: list[str]) -> None:
    if any(each.what == f"no_{kind}" for each in expectations) and notes:
        raise Mismatch(f"unexpected {kind}: {notes}")
    expected = [each for each in expectations if each.what == kind]
    if not expected:
        return
    if not all(any(each.fits(note) for note in notes) for each in expected):
        raise Mismatch(f"{kind} missing, got {notes}")
    if not all(any(each.fits(note) for each in expected) for note in notes):
        raise Mismatch(f"unexpected {kind}: {notes}")


def _check_value(command: Evaluation, answer: QueryAnswer) -> None:
    value = answer.value
    if isinstance(value, TextValue):
        if value.value != command.text:
            raise Mismatch(f"got the text {value.value!r}")
        return
    if isinstance(value, ScalarValue) and not command.step and not any("{" in line for line in command.results):
        expected = notation.number(command.results[0])
        if not almost_equal(float(value.values[0]), expected):
            raise Mismatch(f"got {value.values[0]}")
        return
    found = list(_found(answer).items())
    expected_series = [(labels, values) for labels, values in _expected(command, answer)]
    if command.is_ordered and [labels for labels, _ in found] != [labels for labels, _ in expected_series]:
        raise Mismatch(f"got the order {[labels for labels, _ in found]}")
    if {labels for labels, _ in found} != {labels for labels, _ in expected_series}:
        raise Mismatch(f"got the series {found}")
    for labels, values in expected_series:
        actual = dict(found)[labels]
        if actual.keys() != values.keys() or not all(almost_equal(actual[at], wanted) for at, wanted in values.items()):
            raise Mismatch(f"got {labels} {actual}, expected {values}")


def _expected(command: Evaluation, answer: QueryAnswer) -> list[tuple[Labels, dict[int, Value]]]:
    if command.matrix:
        times = list(range(command.matrix[0], command.matrix[1] + 1, command.matrix[2]))
    else:
        times = answer.times.tolist()
    result = []
    for line in command.results:
        labels, rest = notation.series(line)
        values = notation.values(rest)
        result.append((labels, {at: value for at, value in zip(times, values, strict=False) if value is not None}))
    return result


def _found(answer: QueryAnswer) -> dict[Labels, dict[int, Value]]:
    value = answer.value
    if isinstance(value, ScalarValue):
        return {(): dict(zip(answer.times.tolist(), value.values.tolist(), strict=True))}
    assert isinstance(value, Block | Samples)
    times = answer.times.tolist() if isinstance(value, Block) else value.times.tolist()
    result: dict[Labels, dict[int, Value]] = {}
    for column, labels in enumerate(value.series.rows):
        points: dict[int, Value] = {}
        for row, at in enumerate(times):
            if value.present[row, column]:
                histogram = None if value.histograms is None else value.histograms[row, column]
                points[at] = float(value.values[row, column]) if histogram is None else histogram
        if points:
            result[labels] = points
    return result
