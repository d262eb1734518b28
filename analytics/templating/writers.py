"""Parts of templates, compiled: each writes its text when the template is filled in."""

from collections.abc import Callable, Sequence
from typing import Any

from analytics.templating.errors import TemplateFailed
from analytics.templating.expressions import Expression
from analytics.templating.functions import holds
from analytics.templating.printing import printed
from analytics.templating.scope import Scope

Writer = Callable[[Scope, list[str]], None]


class _LeaveTurn(Exception):
    """`continue`: the turn of a range is over."""


class _LeaveRange(Exception):
    """`break`: the range is over."""


def constant(text: str) -> Writer:
    """A text that stays as it is."""
    return lambda scope, into: _put(text, scope, into)


def counted(write: Writer) -> Writer:
    """An action whose runs are counted."""

    def run(scope: Scope, into: list[str]) -> None:
        scope.work(1)
        write(scope, into)

    return run


def showing(expression: Expression) -> Writer:
    """The value of an expression."""
    return lambda scope, into: _put(printed(expression(scope)), scope, into)


def declaring(name: str, expression: Expression) -> Writer:
    """Makes a variable."""
    return lambda scope, into: scope.declare(name, expression(scope))


def assigning(name: str, expression: Expression) -> Writer:
    """Changes a variable."""
    return lambda scope, into: scope.assign(name, expression(scope))


def using(name: str, dot: Expression | None) -> Writer:
    """The template of a name."""
    return lambda scope, into: scope.put_defined(name, None if dot is None else dot(scope), into)


def leaving(*, is_break: bool) -> Writer:
    """`break` or `continue`."""

    def leave(scope: Scope, into: list[str]) -> None:
        raise _LeaveRange if is_break else _LeaveTurn

    return leave


def all_of(body: Sequence[Writer]) -> Writer:
    """One part after the other."""

    def write_all(scope: Scope, into: list[str]) -> None:
        for write in body:
            write(scope, into)

    return write_all


def choosing(
    names: list[str], condition: Expression, body: Sequence[Writer], otherwise: Sequence[Writer], *, sets_dot: bool
) -> Writer:
    """`if` or `with`."""

    def choose(scope: Scope, into: list[str]) -> None:
        value = condition(scope)
        inner = Scope(value if sets_dot and holds(value) else scope.dot, scope)
        if names:
            inner.declare(names[0], value)
        for write in body if holds(value) else otherwise:
            write(inner, into)

    return choose


def ranging(names: list[str], expression: Expression, body: Sequence[Writer], otherwise: Sequence[Writer]) -> Writer:
    """`range`."""

    def turn(scope: Scope, key: Any, item: Any, into: list[str]) -> None:
        scope.work(1)
        inner = Scope(item, scope)
        for name, part in zip(names, (item,) if len(names) == 1 else (key, item), strict=False):
            inner.declare(name, part)
        try:
            for write in body:
                write(inner, into)
        except _LeaveTurn:
            return

    def each(scope: Scope, into: list[str]) -> None:
        pairs = _pairs(expression(scope))
        try:
            for key, item in pairs:
                turn(scope, key, item, into)
        except _LeaveRange:
            return
        if not pairs:
            for write in otherwise:
                write(Scope(scope.dot, scope), into)

    return each


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    """Keys and items of what `range` goes through; nothing of nil."""
    if value is None:
        return []
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    raise TemplateFailed("range can't iterate over the value")


def _put(text: str, scope: Scope, into: list[str]) -> None:
    scope.written(len(text))
    into.append(text)
