"""Expressions in actions: `$labels.service`, `printf "%.2f" $value`, `.Value | humanize`."""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analytics.templating.errors import BadTemplate, TemplateFailed
from analytics.templating.functions import FUNCTIONS, NOT_SUPPORTED
from analytics.templating.limits import CHARACTERS, LONGEST_GIVEN, LONGEST_TEXT, MOST_INTEGER, SAMPLES
from analytics.templating.scanning import ActionToken
from analytics.templating.scope import Scope, ScopedFunction
from analytics.templating.sizes import size_of

Expression = Callable[[Scope], Any]
Functions = Mapping[str, Callable[..., Any]]
"""Functions by their names in templates."""


def pipeline(tokens: Sequence[ActionToken], functions: Functions = FUNCTIONS) -> Expression:
    """Commands joined by `|`: the value of each is the last argument of the next.

    Raises:
        BadTemplate: they are not valid.
    """
    parts: list[list[ActionToken]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if token == ("sign", "|") and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    first, *others = parts
    found = _command(first, None, functions)
    for part in others:
        found = _command(part, found, functions)
    return found


def _command(tokens: Sequence[ActionToken], piped: Expression | None, functions: Functions) -> Expression:
    """A value, or a function with its arguments; `piped` is the last of them."""
    operands = _operands(tokens, functions)
    if not operands:
        raise BadTemplate("a value is missing")
    head, *arguments = operands
    if not isinstance(head, str):
        if arguments or piped is not None:
            raise BadTemplate("only a function can have arguments")
        return head
    if head not in functions:
        reason = "is not supported here" if head in NOT_SUPPORTED else "is no function"
        raise BadTemplate(f"{head} {reason}")
    function, name = functions[head], head
    values = [_called(each, functions) if isinstance(each, str) else each for each in arguments]
    if piped is not None:
        values.append(piped)

    def call(scope: Scope) -> Any:
        given = [value(scope) for value in values]
        length = sum(len(each) for each in given if isinstance(each, str))
        if length > LONGEST_GIVEN:
            raise TemplateFailed(f"error calling {name}: its texts have more than {LONGEST_GIVEN:,} characters")
        scope.work(1 + length // CHARACTERS + sum(map(size_of, given)) // SAMPLES)
        try:
            found = function(scope, *given) if isinstance(function, ScopedFunction) else function(*given)
        except (TypeError, ValueError, ArithmeticError, LookupError, re.error) as error:
            raise TemplateFailed(f"error calling {name}: {error}") from None
        if isinstance(found, str) and len(found) > LONGEST_TEXT:
            raise TemplateFailed(f"error calling {name}: the text is longer than {LONGEST_TEXT:,} characters")
        return found

    return call


def _called(name: str, functions: Functions) -> Expression:
    """A function without arguments that is an argument itself."""
    return _command([ActionToken("word", name)], None, functions)


def _operands(tokens: Sequence[ActionToken], functions: Functions) -> list[Expression | str]:
    """Values, and names of functions."""
    found: list[Expression | str] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token == ("sign", "("):
            end = _closing(tokens, place)
            found.append(pipeline(tokens[place + 1 : end], functions))
            place = end
        elif token.kind == "fields":
            found.append(_with_fields(found.pop(), token.text.split(".")[1:]))
        elif token.kind == "sign":
            raise BadTemplate(f"{token.text} is not expected")
        else:
            found.append(_operand(token))
        place += 1
    return found


def _closing(tokens: Sequence[ActionToken], place: int) -> int:
    depth = 0
    for index in range(place, len(tokens)):
        if tokens[index].kind == "sign":
            depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index
    raise BadTemplate("( is not closed")


def _operand(token: ActionToken) -> Expression | str:
    text = token.text
    if token.kind == "text":
        return _constant(constant_of(token))
    if token.kind == "number":
        return _constant(_number(text))
    if token.kind == "variable":
        name, *fields = text.split(".")
        return lambda scope: _field(scope.get(name), fields)
    if token.kind == "field":
        fields = text.split(".")[1:] if text != "." else []
        return lambda scope: _field(scope.dot, fields)
    if text in ("true", "false", "nil"):
        return _constant({"true": True, "false": False, "nil": None}[text])
    return text


def _with_fields(value: Expression | str, fields: Sequence[str]) -> Expression:
    """Fields of what stands in parentheses."""
    assert not isinstance(value, str)
    return lambda scope: _field(value(scope), fields)


def _number(text: str) -> int | float:
    try:
        found = int(text, 0) if text.lstrip("+-").isdigit() or "x" in text.lower() else float(text)
    except ValueError:
        raise BadTemplate(f"{text[:20]} is not a number") from None
    if isinstance(found, int) and abs(found) > MOST_INTEGER:
        raise BadTemplate(f"{text[:20]} is too large for an integer")
    return found


def constant_of(token: ActionToken) -> str:
    """The text of a token of that kind. Raises `BadTemplate`."""
    return token.text[1:-1] if token.text[0] == "`" else _unquoted(token.text)


def _unquoted(text: str) -> str:
    try:
        found = str(ast.literal_eval(text))
        found.encode()
        return found
    except (ValueError, SyntaxError):
        raise BadTemplate(f"{text[:20]} is not a text") from None


def _constant(value: Any) -> Expression:
    return lambda scope: value


def _field(value: Any, fields: Sequence[str]) -> Any:
    for name in fields:
        if not isinstance(value, dict):
            raise TemplateFailed(f"can't evaluate field {name}")
        try:
            value = value[name]
        except KeyError:
            raise TemplateFailed(f"can't evaluate field {name}") from None
    return value
