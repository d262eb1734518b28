"""Fast decoders derived from the marshmallow schemas, which remain the single definition.

If a derived decoder accepts an input, marshmallow accepts it too, with an equal result. If it refuses one, marshmallow
decides, and words the error.
"""

from collections.abc import Callable, Set
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from marshmallow import Schema, ValidationError

from analytics.arrays import ArrayScanner
from analytics.errors import AnalyticsError, MalformedBody, TooLarge, ValidationFailed
from analytics.garbage import decoded
from analytics.records import ItemError
from analytics.schemas.array_splitting import split_array
from analytics.schemas.derived import derive
from analytics.schemas.fields import RawJsonObject, Tags, Text
from analytics.schemas.lines import TABS, count_lines, lines_of, may_be_objects, without_blank_lines
from analytics.schemas.parsing import UNREADABLE, parse, parse_array
from analytics.schemas.raws import are_sound, has_no_control_characters, one_line
from analytics.schemas.record_fields import Objects
from analytics.schemas.surrogates import without_unpaired
from analytics.schemas.validation import invalid
from analytics.schemas.value_limit import FEWEST_BYTES, check_values, has_more_values

R = TypeVar("R", bound=msgspec.Struct)

SMALL_ITEM = 32
"""Bytes of a small item: a body with fewer for each item allowed is decoded without counting them first."""
VALUES_TOGETHER = 250_000
"""Values of a batch that are decoded without others running meanwhile, which takes about 50 ms."""
COMMAS_OF_ITEM = 50
"""Commas of an item: a body with more of them, for each item allowed, may be too much to find its items at once."""
MOST_FIELDS = 100
"""Up to this number of fields in an object, the unknown ones are listed in the error."""


class DecodedBatch(NamedTuple, Generic[R]):
    """Valid items with their indexes in the request, and errors for the others.

    `names` holds the names of all fields in the JSON of the items' attributes, and perhaps others; None if unknown.
    """

    items: list[R]
    places: "range | list[int]"
    errors: list[ItemError]
    names: Set[str] | None = None

    def without(self, why_not: Callable[[R], AnalyticsError | None]) -> "DecodedBatch[R]":
        """The batch with an error in place of each item that `why_not` refuses."""
        kept, errors = [], list(self.errors)
        for place, item in zip(self.places, self.items, strict=True):
            error = why_not(item)
            if error is None:
                kept.append((place, item))
            else:
                errors.append(ItemError(place, error.code, error.message, next(iter(error.fields), None)))
        errors.sort(key=lambda error: error.index)
        return DecodedBatch([item for _, item in kept], [place for place, _ in kept], errors, self.names)


class SchemaDecoder(Generic[R]):
    """Decodes JSON to records of one schema.

    Args:
        schema: the definition of the record.
        record: the class that the schema loads to, with the same field names.
        max_items: maximum number of items in a batch.
        pause: called for each item of a batch whose items are decoded one by one, to yield to others.
    """

    def __init__(
        self, schema: Schema, record: type[R], max_items: int, pause: Callable[[], None] = lambda: None
    ) -> None:
        self._schema, self._max_items, self._pause = schema, max_items, pause
        derived = derive(schema, record)
        self._one = msgspec.json.Decoder(derived)
        self._many = msgspec.json.Decoder(list[derived])  # type: ignore[valid-type]
        self._texts = [name for name, field in schema.fields.items() if isinstance(field, Text | Tags)]
        self._raws = [attrgetter(name) for name, field in schema.fields.items() if isinstance(field, RawJsonObject)]
        self._has_values = any(isinstance(field, Tags | Objects) for field in schema.fields.values())

    def one(self, body: bytes, what: str = "body") -> R:
        """Decode a single record; errors call the input `what`.

        Raises:
            MalformedBody: not JSON, nested too deeply, or with too many values.
            ValidationFailed: invalid by the schema.
        """
        if len(body) > FEWEST_BYTES:
            check_values(body)
        body = one_line(body)
        record = self._derived_one(body)
        if record is None:
            repaired = without_unpaired(body)
            if repaired != body:
                record = self._derived_one(repaired)
            if record is None:
                record = load(self._schema, repaired, what)
        return record

    def _derived_one(self, body: bytes) -> R | None:
        """Decode a record, or return None if marshmallow has to decide."""
        try:
            record: R = decoded(self._one.decode, body)
            return record if self._are_sound([record], body) else None
        except UNREADABLE:
            return None

    def many(self, body: bytes) -> DecodedBatch[R]:
        """Decode a JSON array; an item that is invalid, or not JSON, becomes an error of the batch.

        Raises:
            MalformedBody: the array is empty, or its items cannot be found.
            ValidationFailed: JSON, but not an array.
            TooLarge: more than `max_items`.
        """
        body = one_line(body)
        try:
            if self._may_be_too_many(body, b","):
                self._count_items(body)
            items = None if self._has_many_values(body) else self._derived_many(body)
            raws = parse_array(body) if items is None else []
        except MalformedBody:
            completed = self.complete_items(body, body.index(b"[") + 1, b"") if body.lstrip().startswith(b"[") else None
            if completed is None:
                raise
            return completed
        if items is not None:
            return self._whole(items)
        self._check_size(len(raws))
        return self._each([bytes(raw) for raw in raws])

    def complete_items(self, body: bytes, start: int, ending: bytes) -> DecodedBatch[R] | None:
        """Decode the items of an array in a `body` that is not valid JSON, found by their brackets; None without any.

        Args:
            body: the bytes with the array.
            start: index after the array's opening bracket.
            ending: bytes required after its closing bracket.
        """
        body = one_line(body)
        found = split_array(body, start, ending, self._max_items, self._pause)
        if len(found.items) + (found.unfinished is not None) > self._max_items:
            raise self._too_many(f"more than {self._max_items}")
        batch = self._each(found.items) if found.items else DecodedBatch[R]([], [], [])
        items, places, errors = batch.items, list(batch.places), batch.errors
        place, problem = len(found.items), found.problem
        if found.unfinished is not None:
            try:
                items.append(self.one(found.unfinished))
            except (MalformedBody, ValidationFailed):
                pass
            else:
                places.append(place)
                place, problem = place + 1, found.problem_if_complete
        if not place:
            return None
        if problem is not None:
            errors.append(ItemError(place, MalformedBody.code, problem))
        return DecodedBatch(items, places, errors)

    def lines(self, body: bytes) -> DecodedBatch[R]:
        """Decode NDJSON; blank lines are ignored.

        Raises:
            MalformedBody: there are no items.
            TooLarge: more than `max_items`.
        """
        if self._may_be_too_many(body, b"\n"):
            if count_lines(body, self._max_items) > self._max_items:
                raise self._too_many(f"more than {self._max_items}")
            body = without_blank_lines(body)
        items = self._derived_lines(body.removesuffix(b"\n"))
        if items is None:
            lines = lines_of(body)
            self._check_size(len(lines))
            items = self._derived_lines(b"\n".join([line.strip(TABS) for line in lines]))
            if items is None:
                return self._each(lines)
        return self._whole(items)

    def _derived_lines(self, body: bytes) -> list[R] | None:
        """Decode lines, or return None if they have to be decoded one by one, or are not one object each."""
        count = may_be_objects(body)
        if count is None or self._has_many_values(body):
            return None
        try:
            records: list[R] = decoded(self._one.decode_lines, body)
            return records if len(records) == count and self._are_sound(records, body) else None
        except UNREADABLE:
            return None

    def _derived_many(self, body: bytes) -> list[R] | None:
        """Decode an array, or return None if the items have to be decoded one by one."""
        try:
            records: list[R] = decoded(self._many.decode, body)
            return records if self._are_sound(records, body) else None
        except UNREADABLE:
            return None

    def _count_items(self, body: bytes) -> None:
        """Count the items of an array; where there are very many, by their brackets, and others run meanwhile.

        Raises:
            MalformedBody, ValidationFailed, TooLarge: see `many`.
        """
        start = body.find(b"[") + 1
        if body.count(b",") < COMMAS_OF_ITEM * self._max_items or body[:start].strip() != b"[":
            self._check_size(len(parse_array(body)))
            return
        items = islice(ArrayScanner(start, self._pause).scan(body), self._max_items + 1)
        if sum(1 for _ in items) > self._max_items:
            raise self._too_many(f"more than {self._max_items}")

    def _may_be_too_many(self, body: bytes, separator: bytes) -> bool:
        """Whether to count the items of a body before decoding it; afterwards they are counted anyway."""
        return len(body) > SMALL_ITEM * self._max_items and body.count(separator) >= self._max_items

    def _has_many_values(self, body: bytes) -> bool:
        """Whether the items of a batch have so many values that others run between them."""
        return self._has_values and has_more_values(body, VALUES_TOGETHER)

    def _whole(self, items: list[R]) -> DecodedBatch[R]:
        self._check_size(len(items))
        return DecodedBatch(items, range(len(items)), [])

    def _check_size(self, count: int) -> None:
        if not count:
            raise MalformedBody("The batch has no items.", code="empty_batch")
        if count > self._max_items:
            raise self._too_many(str(count))

    def _too_many(self, count: str) -> TooLarge:
        message = f"The batch has {count} items; send at most {self._max_items} at once."
        return TooLarge(message, code="batch_too_large")

    def _each(self, bodies: list[bytes]) -> DecodedBatch[R]:
        items: list[R] = []
        places: list[int] = []
        errors: list[ItemError] = []
        for place, body in enumerate(bodies):
            self._pause()
            try:
                items.append(self.one(body, "item"))
                places.append(place)
            except (MalformedBody, ValidationFailed) as error:
                field, messages = next(iter(error.fields.items()), (None, [error.message]))
                errors.append(ItemError(place, error.code, messages[0], field))
        return DecodedBatch(items, places, errors)

    def _are_sound(self, items: list[R], body: bytes) -> bool:
        """Check what the derived decoders do not: control characters, and JSON that is kept raw."""
        if not has_no_control_characters(body):
            body.decode()  # raw JSON has not been checked for UTF-8
            if any(map(self._controlled, items)):
                return False
        return all(are_sound(list(map(raw_of, items)), len(body)) for raw_of in self._raws)

    def _controlled(self, record: R) -> bool:
        """Whether a text may have a control character; if so, marshmallow decides."""
        for name in self._texts:
            value = getattr(record, name)
            if value is not None:
                texts = [value] if type(value) is str else [*value, *value.values()]
                if not all(map(str.isprintable, texts)):
                    return True
        return False


def load(schema: Schema, body: bytes, what: str = "body") -> Any:
    """Decode `body` and load it with `schema`; errors call the input `what`.

    Raises:
        MalformedBody: not JSON, or nested too deeply.
        ValidationFailed: invalid by the schema.
    """
    payload = parse(body, what=what)
    if isinstance(payload, dict) and len(payload) > MOST_FIELDS:  # no message for each
        raise ValidationFailed(f"The object has {len(payload)} fields; allowed are {', '.join(schema.fields)}.")
    return loaded(schema, payload)


def loaded(schema: Schema, payload: Any) -> Any:
    """Load `payload` with `schema`.

    Raises:
        ValidationFailed: invalid by the schema.
    """
    try:
        return schema.load(payload)
    except ValidationError as error:
        raise invalid(error) from None
