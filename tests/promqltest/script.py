"""The commands of a file: loads, evaluations and clears."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from analytics.promql.text import milliseconds

_EVAL = re.compile(
    r"eval(?:_(?P<mode>fail|warn|info|ordered))?\s+"
    r"(?:instant\s+(?:at\s+(?P<at>\S+)\s+)?|range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+)\s+)"
    r"(?P<query>.+)",
    re.DOTALL,
)
_EXPECT = re.compile(r"expect\s+(?P<what>\w+)\s*(?P<rest>.*)", re.DOTALL)
_RANGE = re.compile(r"vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)")


class Load(Struct):
    """Series to add; `lines` in their notation."""

    step: int
    lines: list[str]
    with_native: bool


class Clear(Struct):
    """Forget all series."""


class Expectation(Struct):
    """`warn`, `no_warn`, `info`, `no_info` or `fail`, and the text or pattern that it must have."""

    what: str
    text: str | None = None
    pattern: str | None = None

    def fits(self, message: str) -> bool:
        """Whether a message is as expected."""
        if self.pattern is not None:
            return re.search(self.pattern, message) is not None
        return self.text is None or self.text == message or (self.what == "fail" and self.text in message)


class Evaluation(Struct):
    """A query and what it must give. Times are milliseconds."""

    place: str
    query: str
    start: int
    end: int
    step: int
    results: list[str] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    is_ordered: bool = False
    text: str | None = None
    matrix: tuple[int, int, int] | None = None

    @property
    def must_fail(self) -> bool:
        """Whether it must give an error."""
        return any(each.what == "fail" for each in self.expectations)


Command = Load | Clear | Evaluation


def commands(path: Path) -> Iterator[Command]:
    """All commands of a file."""
    lines = [line.rstrip() for line in path.read_text("utf-8").splitlines()]
    index = 0
    while index < len(lines):
        line, index = lines[index].strip(), index + 1
        if not line or line.startswith("#"):
            continue
        if line == "clear":
            yield Clear()
            continue
        body, first = [], index
        while index < len(lines) and lines[index].strip():
            if not lines[index].strip().startswith("#"):
                body.append(lines[index].strip())
            index += 1
        words = line.split()
        if words[0] in ("load", "load_with_nhcb"):
            yield Load(milliseconds(words[1]), body, words[0] != "load")
        else:
            yield _evaluation(line, body, f"{path.name}:{first}")


def _evaluation(line: str, body: list[str], place: str) -> Evaluation:
    found = _EVAL.fullmatch(line)
    if not found:
        raise ValueError(f"{place}: {line!r} is no command")
    if found["step"]:
        times = [_time(found[name]) for name in ("start", "end", "step")]
    else:
        times = [_time(found["at"] or "0")] * 2 + [0]
    evaluation = Evaluation(place, found["query"].strip(), *times)
    evaluation.is_ordered = found["mode"] == "ordered"
    if found["mode"] in ("fail", "warn", "info"):
        evaluation.expectations.append(Expectation(found["mode"]))
    for each in body:
        if expected := _EXPECT.fullmatch(each):
            _expect(evaluation, expected["what"], expected["rest"])
        elif each.startswith(("expected_fail_message", "expected_fail_regexp")):
            word, _, text = each.partition(" ")
            key = {"text": text} if word.endswith("message") else {"pattern": text}
            evaluation.expectations = [Expectation("fail", **key)]
        else:
            evaluation.results.append(each)
    return evaluation


def _expect(evaluation: Evaluation, what: str, rest: str) -> None:
    rest = rest.strip()
    if what == "ordered":
        evaluation.is_ordered = True
    elif what == "string":
        evaluation.text = _unquoted(rest)
    elif what == "range" and (found := _RANGE.fullmatch(rest)):
        evaluation.matrix = (_time(found[1]), _time(found[2]), _time(found[3]))
    elif rest.startswith("msg:"):
        evaluation.expectations.append(Expectation(what, text=rest[4:].strip()))
    elif rest.startswith("regex:"):
        evaluation.expectations.append(Expectation(what, pattern=rest[6:].strip()))
    else:
        evaluation.expectations.append(Expectation(what))


def _unquoted(text: str) -> str:
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text[:1] in "\"'`" else text


def _time(text: str) -> int:
    return -milliseconds(text[1:]) if text.startswith("-") else milliseconds(text)
