"""Templates: texts with actions, compiled once and filled in often.

    {{ $labels.service }} has {{ $value | humanizePercentage }} errors{{ if gt $value 0.5 }}!{{ end }}

Source: pkg.go.dev/text/template, prometheus.io/docs/prometheus/latest/configuration/template_reference
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from analytics.templating.errors import BadTemplate, TemplateFailed
from analytics.templating.expressions import Expression, Functions, Scope, pipeline
from analytics.templating.functions import FUNCTIONS, holds
from analytics.templating.printing import printed
from analytics.templating.scanning import ActionToken, Piece, pieces

DEEPEST = 50
"""Levels of `if`, `range` and `with`."""
Writer = Callable[[Scope, list[str]], None]
_OPENING = ("if", "range", "with")
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
    """

    writers: tuple[Writer, ...]
    constant: str | None

    @property
    def is_constant(self) -> bool:
        """Whether its text does not depend on data."""
        return self.constant is not None

    def text(self, data: Mapping[str, Any]) -> str:
        """The template with data filled in; says what is wrong if that is not possible, as Prometheus does."""
        if self.constant is not None:
            return self.constant
        scope, into = Scope(data), list[str]()
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
    """The template in a text.

    Raises:
        BadTemplate: it is not valid, or uses what is not supported.
    """
    return compiled_with(text, FUNCTIONS)


def compiled_with(text: str, functions: Functions) -> TextTemplate:
    """The template in a text, which may use these functions.

    Raises:
        BadTemplate: it is not valid, or uses what is not supported.
    """
    if "{{" not in text:
        return TextTemplate((), text)
    try:
        writers, end = _block(pieces(text), 0, functions)
    except RecursionError:
        raise BadTemplate("is nested too deeply") from None
    if end is not None:
        raise BadTemplate(f"unexpected {{{{ {end[0].text} }}}}")
    return TextTemplate(tuple(writers), None)


def _block(waiting: Iterator[Piece], depth: int, functions: Functions) -> tuple[list[Writer], list[ActionToken] | None]:
    """The parts until `end` or `else`, and the tokens of that action; None at the end of the text."""
    if depth > DEEPEST:
        raise BadTemplate(f"is nested deeper than {DEEPEST} levels")
    found: list[Writer] = []
    for piece in waiting:
        if piece.action is None:
            if piece.text:
                found.append(_text(piece.text))
            continue
        if not piece.action:
            raise BadTemplate("an action is empty")
        word = piece.action[0].text if piece.action[0].kind == "word" else ""
        if word in ("end", "else"):
            return found, piece.action
        if word in _OPENING:
            found.append(_counted(_opened(word, piece.action[1:], waiting, depth, functions)))
        else:
            found.append(_counted(_action(piece.action, functions)))
    return found, None


def _counted(write: Writer) -> Writer:
    """An action whose runs are counted."""

    def run(scope: Scope, into: list[str]) -> None:
        scope.work(1)
        write(scope, into)

    return run


def _opened(word: str, tokens: list[ActionToken], waiting: Iterator[Piece], depth: int, functions: Functions) -> Writer:
    """An `if`, `range` or `with`, up to its `end`."""
    names, expression = _declared(tokens, functions)
    body, end = _block(waiting, depth + 1, functions)
    otherwise: list[Writer] = []
    if end is not None and end[0].text == "else":
        if len(end) > 1:
            if word == "range" or end[1].text not in ("if", "with"):
                raise BadTemplate("unexpected words after else")
            inner = _opened(end[1].text, end[2:], waiting, depth + 1, functions)
            otherwise, end = [inner], [ActionToken("word", "end")]
        else:
            otherwise, end = _block(waiting, depth + 1, functions)
    if end is None or end[0].text != "end" or len(end) > 1:
        raise BadTemplate(f"{{{{ {word} }}}} is not closed by {{{{ end }}}}")
    if word == "range":
        return _ranging(names, expression, body, otherwise)
    return _choosing(names, expression, body, otherwise, sets_dot=word == "with")


def _declared(tokens: list[ActionToken], functions: Functions) -> tuple[list[str], Expression]:
    """The variables that a pipeline declares, `$a, $b :=`, and the pipeline."""
    if ("sign", ":=") in tokens:
        place = tokens.index(ActionToken("sign", ":="))
        names = [token.text for token in tokens[:place] if token.kind == "variable"]
        if len(names) not in (1, 2) or len(tokens[:place]) != 2 * len(names) - 1:
            raise BadTemplate("a variable is missing before :=")
        return names, pipeline(tokens[place + 1 :], functions)
    return [], pipeline(tokens, functions)


def _action(tokens: list[ActionToken], functions: Functions) -> Writer:
    if len(tokens) > 1 and tokens[0].kind == "variable" and tokens[1] == ("sign", "="):
        name, changed = tokens[0].text, pipeline(tokens[2:], functions)
        return lambda scope, into: scope.assign(name, changed(scope))
    names, expression = _declared(tokens, functions)
    if names:
        return lambda scope, into: scope.declare(names[0], expression(scope))

    def write(scope: Scope, into: list[str]) -> None:
        _put(printed(expression(scope)), scope, into)

    return write


def _text(text: str) -> Writer:
    return lambda scope, into: _put(text, scope, into)


def _choosing(
    names: list[str], condition: Expression, body: list[Writer], otherwise: list[Writer], *, sets_dot: bool
) -> Writer:
    def choose(scope: Scope, into: list[str]) -> None:
        value = condition(scope)
        inner = Scope(value if sets_dot and holds(value) else scope.dot, scope)
        if names:
            inner.declare(names[0], value)
        for write in body if holds(value) else otherwise:
            write(inner, into)

    return choose


def _ranging(names: list[str], expression: Expression, body: list[Writer], otherwise: list[Writer]) -> Writer:
    def each(scope: Scope, into: list[str]) -> None:
        value = expression(scope)
        if isinstance(value, dict):
            pairs: list[tuple[Any, Any]] = sorted(value.items())
        elif isinstance(value, list | tuple):
            pairs = list(enumerate(value))
        else:
            raise TemplateFailed("range can't iterate over the value")
        for key, item in pairs:
            scope.work(1)
            inner = Scope(item, scope)
            for name, part in zip(names, (item,) if len(names) == 1 else (key, item), strict=False):
                inner.declare(name, part)
            for write in body:
                write(inner, into)
        if not pairs:
            for write in otherwise:
                write(Scope(scope.dot, scope), into)

    return each


def _put(text: str, scope: Scope, into: list[str]) -> None:
    scope.written(len(text))
    into.append(text)
