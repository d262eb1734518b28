"""Renders the tree of a filter of log lines as SQL of a source of records, with `?` in place of values."""

from typing import Any

from msgspec import Struct

from analytics.filters.levels import severities
from analytics.filters.lines import LEVEL
from analytics.filters.sql_quoting import quoted_text
from analytics.filters.sql_text import quoted_pattern, same_folded
from analytics.filters.tree import Either, Equals, Every, Exists, Fits, HasText, InTime, Node, OfData, Ordered, Without

NUMBER = r"^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$"
"""A number as JSON writes it, of a size that every engine reads; a text of this form counts as one."""


class SqlCondition(Struct, frozen=True):
    """A condition, which is true or false, and the values of its parameters."""

    sql: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: "SqlCondition") -> "SqlCondition":
        """Both conditions."""
        return SqlCondition(f"{self.sql} AND {other.sql}", self.values + other.values)


def line_sql(node: Node) -> SqlCondition:
    """A filter as a condition.

    Raises:
        ValidationFailed: it names a level that does not exist.
    """
    match node:
        case Every(parts=parts):
            return _joined(" AND ", [line_sql(part) for part in parts], "1 = 1")
        case Either(parts=parts):
            return _joined(" OR ", [line_sql(part) for part in parts], "1 = 0")
        case Without(part=part):
            inner = line_sql(part)
            return SqlCondition(f"(NOT {inner.sql})", inner.values)
        case InTime(since=since, until=until):
            ends = [(">=", since), ("<", until)]
            asked = [SqlCondition(f"time {sign} ?", (at * 1000,)) for sign, at in ends if at is not None]
            return _joined(" AND ", asked, "1 = 1")
        case HasText(text=text):
            return SqlCondition("(has_text(body, ?) OR has_text(attributes, ?))", (text, text))
        case OfData(path=path, test=test, object=object_):
            return _text_sql(f"json_text({object_ or 'attributes'}, {quoted_text(path)})", test)
        case _ if node.name == LEVEL:
            found = ", ".join(map(str, sorted(severities(node.test))))
            return SqlCondition(f"severity IN ({found})" if found else "1 = 0")
        case _ if isinstance(node.test, Equals) and node.test.is_exact and node.test.text:
            return SqlCondition(f"{node.name} = ?", (node.test.text,))
        case _:
            return _text_sql(f"nullif({node.name}, '')", node.test)


def _joined(sign: str, parts: list[SqlCondition], default: str) -> SqlCondition:
    if not parts:
        return SqlCondition(default)
    return SqlCondition(
        f"({sign.join(part.sql for part in parts)})", tuple(value for part in parts for value in part.values)
    )


def _text_sql(text: str, test: Exists | Equals | Fits | Ordered) -> SqlCondition:
    match test:
        case Exists():
            return SqlCondition(f"{text} IS NOT NULL")
        case Equals(text=wanted, number=amount, is_exact=is_exact):
            if is_exact:
                found = SqlCondition(f"coalesce({text} = ?, false)", (wanted,))
            else:  # a text and its folded form have the same length
                sql = f"coalesce(has_text({text}, ?) AND length({text}) = ?, false)"
                found = SqlCondition(sql, (wanted, len(wanted)))
            if amount is None:
                return found
            return _joined(" OR ", [found, SqlCondition(f"coalesce({_number(text)} = ?, false)", (amount,))], "")
        case Fits(pieces=pieces):
            pattern = "(?s)^" + ".*".join("".join(map(_any_case, piece)) for piece in pieces) + "$"
            return SqlCondition(f"coalesce(regexp_matches({text}, ?), false)", (pattern,))
        case Ordered(operator=sign, bound=str() as bound):
            return SqlCondition(f"coalesce({text} {sign} ?, false)", (bound,))
        case Ordered(operator=sign, bound=bound):
            return SqlCondition(f"coalesce({_number(text)} {sign} ?, false)", (bound,))


def _number(text: str) -> str:
    return f"CASE WHEN regexp_matches({text}, {quoted_text(NUMBER)}) THEN CAST({text} AS DOUBLE) END"


def _any_case(folded: str) -> str:
    forms = [quoted_pattern(form) for form in same_folded(folded)]
    return forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"
