"""Parses the filter language: `type:purchase data.total>=100 "gift card" -user:bot*`.

    either := every (OR every)*
    every := part ((AND)? part)*
    part := (- | NOT) part | ( either ) | condition | "phrase" | word+
    condition := name (: | = | != | < | <= | > | >=) value

Words that follow each other are searched as one text, with the blanks between them.
"""

import re

from analytics.filters.conditions import condition
from analytics.filters.names import RecordFields
from analytics.filters.tokens import quoted, refuse, word_end
from analytics.filters.tree import EVERYTHING, Either, HasText, Node, Without, both
from analytics.filters.values import fold

MAX_FILTER_LENGTH = 1024
"""Characters of a filter."""
MAX_TERMS = 50
"""Conditions and texts in a filter."""
MAX_DEPTH = 20
"""Parentheses and negations inside of each other."""

_KEYWORD = re.compile(r"(AND|OR|NOT)(?=[\s(\"-])|(AND|OR|NOT)$")
_START = re.compile(
    r'(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.(?:"(?:[^"\\]|\\.)*"|[^\s:=<>!()"]+))?)(?P<operator>:?(?:!=|[<>]=?|=)|:)'
)


def parse(text: str, fields: RecordFields) -> Node:
    """The tree of a filter; an empty one matches everything.

    Raises:
        ValidationFailed: the filter is not valid; the message says where and what would be right.
    """
    if len(text) > MAX_FILTER_LENGTH:
        refuse(text, MAX_FILTER_LENGTH, f"Must be at most {MAX_FILTER_LENGTH} characters long")
    parser = _Parser(text, fields)
    parser.skip_blanks()
    return EVERYTHING if parser.at == len(text) else parser.whole()


class _Parser:
    def __init__(self, text: str, fields: RecordFields) -> None:
        self.text, self.fields, self.at = text, fields, 0
        self._terms = self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self.at < len(self.text):
            refuse(self.text, self.at, "No parenthesis is open here; put text with parentheses in quotes")
        return node

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _either(self) -> Node:
        parts = [self._every()]
        while self._takes("OR"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self) -> Node:
        parts = [self._part()]
        while True:
            is_joined = self._takes("AND")
            if not is_joined and (self.at == len(self.text) or self._next() == ")" or self._keyword() == "OR"):
                return both(*parts)
            parts.append(self._part())

    def _part(self) -> Node:
        start, next_ = self.at, self._next()
        if next_ == "(":
            self._enter(start)
            self.at += 1
            self.skip_blanks()
            node = self._either()
            if self._next() != ")":
                refuse(self.text, start, "This parenthesis is not closed")
            self.at += 1
            self._leave()
            return node
        if self._takes("NOT") or self._takes_minus():
            self._enter(start)
            if self.at == len(self.text):
                refuse(self.text, start, "Something must follow that is not to match")
            is_word = self._keyword() is None and self._next() not in '(-"'
            node = Without(self._term(is_one_word=True) if is_word else self._part())
            self._leave()
            return node
        if next_ in ("", ")") or self._keyword():
            refuse(self.text, start, "A condition or a text is missing here")
        return self._term(is_one_word=False)

    def _term(self, *, is_one_word: bool) -> Node:
        """A condition, a phrase, or words."""
        text, start = self.text, self.at
        self._terms += 1
        if self._terms > MAX_TERMS:
            refuse(text, start, f"A filter has at most {MAX_TERMS} conditions and texts")
        if text[start] == '"':
            phrase, self.at = quoted(text, start)
            if not phrase:
                refuse(text, start, "There is no text between these quotes")
            self.skip_blanks()
            return HasText(fold(phrase))
        if (found := self._condition()) is not None:
            node, self.at = condition(text, found, self.fields)
            self.skip_blanks()
            return node
        end = self.at = word_end(text, start)
        self.skip_blanks()
        while not is_one_word and self._is_at_word():
            end = self.at = word_end(text, self.at)
            self.skip_blanks()
        return HasText(fold(text[start:end]))

    def _is_at_word(self) -> bool:
        return (
            self._next() not in ("", "(", ")", '"')
            and self._keyword() is None
            and not self._is_at_minus()
            and self._condition() is None
        )

    def _condition(self) -> re.Match[str] | None:
        """The name and the operator of a condition that starts here; a path or address such as `http://…` is none."""
        found = _START.match(self.text, self.at)
        if found is None:
            if self.text.startswith(tuple(f'{object_}."' for object_ in self.fields.objects), self.at):
                refuse(self.text, self.at, "A comparison must follow this name, such as = or >=")
            return None
        name = found["name"].partition(".")[0]
        is_known = name in (*self.fields.names, self.fields.time, *self.fields.objects)
        return None if not is_known and self.text[found.end() : found.end() + 1] in ("/", "\\") else found

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _keyword(self) -> str | None:
        found = _KEYWORD.match(self.text, self.at)
        return found and (found[1] or found[2])

    def _takes(self, keyword: str) -> bool:
        if self._keyword() != keyword:
            return False
        self.at += len(keyword)
        self.skip_blanks()
        return True

    def _is_at_minus(self) -> bool:
        after = self.text[self.at + 1 : self.at + 2]
        return self._next() == "-" and after not in ("", "-") and not after.isspace()

    def _takes_minus(self) -> bool:
        if not self._is_at_minus():
            return False
        self.at += 1
        return True

    def _enter(self, start: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            refuse(self.text, start, f"At most {MAX_DEPTH} parentheses and negations may be inside of each other")

    def _leave(self) -> None:
        self._depth -= 1
        self.skip_blanks()
