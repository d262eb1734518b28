"""What the expressions of a template see while it is filled in."""

from collections.abc import Callable, Mapping
from typing import Any

from analytics.templating.errors import TemplateFailed
from analytics.templating.limits import DEEPEST, LONGEST_TEXT, MOST_WORK

TemplateQuery = Callable[[str], list[dict[str, Any]]]
"""Answers a PromQL query with its samples, each with `Labels` and `Value`. Raises `TemplateFailed`."""


class Scope:
    """The dot, and the variables. An inner scope sees and sets those of outer ones.

    Attributes:
        query: answers queries; None where there are no series.
        defined: writes each template that `define` names.
    """

    __slots__ = ("_depth", "_length", "_outer", "_own", "_root", "_work", "defined", "dot", "query")

    def __init__(self, dot: Any, outer: "Scope | None" = None) -> None:
        self.dot, self._outer = dot, outer
        self._root: Scope = outer._root if outer else self
        self._work = self._length = 0
        self._depth: int = outer._depth if outer else 0
        self._own: dict[str, Any] = {} if outer else {"$": dot}
        self.query: TemplateQuery | None = outer.query if outer else None
        self.defined: Mapping[str, Callable[[Scope, list[str]], None]] = outer.defined if outer else {}

    def get(self, name: str) -> Any:
        """A variable's value."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._own:
                return scope._own[name]
            scope = scope._outer
        raise TemplateFailed(f"undefined variable {name}")

    def work(self, amount: int) -> None:
        """Count work of the template.

        Raises:
            TemplateFailed: it is too much.
        """
        self._root._work += amount
        if self._root._work > MOST_WORK:
            raise TemplateFailed(f"the template takes more than {MOST_WORK:,} actions, calls and turns of range")

    def written(self, length: int) -> None:
        """Count characters that the template writes.

        Raises:
            TemplateFailed: they are too many.
        """
        self._root._length += length
        if self._root._length > LONGEST_TEXT:
            raise TemplateFailed(f"the text is longer than {LONGEST_TEXT:,} characters")

    def declare(self, name: str, value: Any) -> None:
        """Make a variable in this scope."""
        self._own[name] = value

    def assign(self, name: str, value: Any) -> None:
        """Change a variable where it was made."""
        scope: Scope | None = self
        while scope is not None and name not in scope._own:
            scope = scope._outer
        (scope or self)._own[name] = value

    def put_defined(self, name: str, dot: Any, into: list[str]) -> None:
        """Write the template of this name, with another dot.

        Raises:
            TemplateFailed: there is none, or templates use each other too deeply.
        """
        write = self.defined.get(name)
        if write is None:
            raise TemplateFailed(f"template {name!r} is not defined")
        inner = Scope(dot, self)
        inner.declare("$", dot)
        inner._depth = self._depth + 1
        if inner._depth > DEEPEST:
            raise TemplateFailed(f"templates use each other more than {DEEPEST} levels deep")
        write(inner, into)


class ScopedFunction:
    """A function of templates that gets the scope of its call before its arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, scope: Scope, *arguments: Any) -> Any:
        return self._function(scope, *arguments)
