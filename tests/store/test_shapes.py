"""Shapes of data: the fields that events often have, by number."""

from analytics.store.files.shapes import COMMON, Shape, Shapes


def test_a_new_shape_never_has_the_number_of_another_one() -> None:
    shapes = Shapes([Shape(2, ("b",))])  # the first one never came to a file
    (group,) = shapes.split([b'{"c":1}'] * COMMON)
    assert group.shape == Shape(3, ("c",))
    assert shapes.by_number == {2: Shape(2, ("b",)), 3: Shape(3, ("c",))}
