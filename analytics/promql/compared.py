"""What alert rules need to know of an expression: its comparison with a number, and its ranges."""

from collections.abc import Iterator

from analytics.promql.nodes import Binary, Call, Negation, Node, NumberNode, Selector, Subquery

_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
_SCALARS = ("scalar", "time", "pi")
_ABSENT = ("absent", "absent_over_time")


def comparison(node: Node) -> Binary | None:
    """The node itself if it filters a vector, on its left, by comparing it with a number, on its right."""
    if not isinstance(node, Binary) or node.operator not in _COMPARISONS or node.as_bool:
        return None
    return node if is_scalar(node.right) and not is_scalar(node.left) else None


def is_scalar(node: Node) -> bool:
    """Whether an expression is a number rather than a vector."""
    if isinstance(node, Binary):
        return is_scalar(node.left) and is_scalar(node.right)
    if isinstance(node, Negation):
        return is_scalar(node.expression)
    return isinstance(node, NumberNode) or (isinstance(node, Call) and node.name in _SCALARS)


def nodes_of(node: Node) -> Iterator[Node]:
    """All nodes of an expression, itself first."""
    yield node
    for name in node.__struct_fields__:
        part = getattr(node, name)
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, Node):
                yield from nodes_of(each)


def range_selectors(node: Node) -> list[Selector]:
    """The selectors with a range, each once, and none within a subquery."""
    if isinstance(node, Subquery):
        return []
    if isinstance(node, Selector):
        return [node] if node.range else []
    found: dict[tuple[object, ...], Selector] = {}
    for name in node.__struct_fields__:
        part = getattr(node, name)
        for inner in part if isinstance(part, list) else [part]:
            if isinstance(inner, Node):
                for each in range_selectors(inner):
                    found.setdefault((each.matchers, each.range, each.offset, each.pinned), each)
    return list(found.values())


def longest_range(node: Node) -> float:
    """Seconds that an expression looks back."""
    return max((each.range for each in nodes_of(node) if isinstance(each, Selector | Subquery)), default=0) / 1000


def holds_on_little(node: Node) -> bool:
    """Whether an expression may have a value because there are few data: `absent`, or a comparison with a maximum."""
    for each in nodes_of(node):
        if isinstance(each, Call) and each.name in _ABSENT:
            return True
        if isinstance(each, Binary) and (each.operator in ("<", "<=", "==", "unless") or _is_below(each)):
            return True
    return False


def _is_below(node: Binary) -> bool:
    return node.operator in (">", ">=") and is_scalar(node.left)
