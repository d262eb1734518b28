"""Results of expressions other than vectors."""

from msgspec import Struct

from analytics.promql.block import Block, Floats
from analytics.promql.storage import Samples


class ScalarValue(Struct, frozen=True):
    """One float a step; shape `[step]`."""

    values: Floats


class TextValue(Struct, frozen=True):
    """A text."""

    value: str


Value = ScalarValue | TextValue | Block | Samples
