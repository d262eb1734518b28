"""Fast decoders derived from the marshmallow schemas, which stay the single definition.

What a derived decoder accepts, marshmallow accepts with an equal result; what it refuses is asked of marshmallow, which
alone decides and words the errors.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from marshmallow import Schema, ValidationError

from analytics.errors import MalformedBody, TooLarge, ValidationFailed
from analytics.records import ItemError
from analytics.schemas.apart import tell_apart
from analytics.schemas.derived import derive
from analytics.schemas.fields import RawJsonObject, Tags, Text
from analytics.schemas.halves import without_halves
from analytics.schemas.malformed import malformed
from analytics.schemas.raws import are_sound, one_line

R = TypeVar("R", bound=msgspec.Struct)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
PAUSE_EVERY = 64
MOST_FIELDS = 100
"""How many fields an object may have before the unknown ones are no longer named one by one."""


class Batch(NamedTuple, Generic[R]):
    """The readable items with their places in what was sent, and why the others were not taken."""

    items: list[R]
    places: "range | list[int]"
    errors: list[ItemError]


class SchemaDecoder(Generic[R]):
    """Decodes JSON bytes to the records of one schema.

    Args:
        schema: the definition.
        record: the class that the schema loads to, whose fields have the same names.
        max_items: the most items that a batch may have.
        pause: called now and then while a batch with faults is taken apart, to let others work.
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

    def one(self, body: bytes, what: str = "body") -> R:
        """The record that `body`, which errors call `what`, holds.

        Raises:
            MalformedBody: not JSON, or nested too deeply.
            ValidationFailed: JSON that the schema refuses.
        """
        body = one_line(body)
        record = self._derived_one(body)
        if record is None:
            whole = without_halves(body)
            if whole != body:
                record = self._derived_one(whole)
            if record is None:
                record = load(self._schema, whole, what)
        return record

    def _derived_one(self, body: bytes) -> R | None:
        """The record, or None where marshmallow has to decide."""
        try:
            record: R = self._one.decode(body)
            return record if self._are_sound([record], body) else None
        except UNREADABLE:
            return None

    def many(self, body: bytes) -> Batch[R]:
        """The records of a JSON array; an item that is no JSON costs only itself.

        Raises:
            MalformedBody: no item can be told from the others, or there is none.
            ValidationFailed: JSON, but no array.
            TooLarge: more items than allowed.
        """
        body = one_line(body)
        try:
            if body.count(b",") >= self._max_items:  # there may be too many: look before they are made
                self._check_size(len(parse_array(body)))
            items = self._derived_many(body)
            raws = parse_array(body) if items is None else []
        except MalformedBody as refused:
            if not body.lstrip().startswith(b"["):
                raise
            return self.apart(body, body.index(b"[") + 1, b"", refused)
        return self._each([bytes(raw) for raw in raws]) if items is None else self._whole(items)

    def apart(self, body: bytes, start: int, ending: bytes, refused: MalformedBody) -> Batch[R]:
        """The records of a JSON array in a `body` that is not JSON as a whole, told apart by their brackets.

        Args:
            body: what holds the array.
            start: the place behind the array's opening bracket.
            ending: what has to follow its closing bracket.
            refused: raised where no item can be told from the others.
        """
        body = one_line(body)
        found = tell_apart(body, start, ending, self._max_items, self._pause)
        if len(found.items) + (found.unfinished is not None) > self._max_items:
            raise self._too_many(f"more than {self._max_items}")
        batch = self._each(found.items) if found.items else Batch[R]([], [], [])
        items, places, errors = batch.items, list(batch.places), batch.errors
        place, problem = len(found.items), found.problem
        if found.unfinished is not None:
            try:
                items.append(self.one(found.unfinished))
            except (MalformedBody, ValidationFailed):
                pass
            else:
                places.append(place)
                place, problem = place + 1, found.behind_unfinished
        if not place:
            raise refused
        if problem is not None:
            errors.append(ItemError(place, MalformedBody.code, problem))
        return Batch(items, places, errors)

    def lines(self, body: bytes) -> Batch[R]:
        """The records of newline-delimited JSON; blank lines do not count as items.

        Raises:
            MalformedBody: there is none.
            TooLarge: more items than allowed.
        """
        if body.count(b"\n") >= self._max_items:  # there may be too many: look before they are made
            self._check_size(sum(1 for line in re.finditer(rb"[^\s][^\n]*", body)))
        lines = [one_line(line) for line in body.split(b"\n") if line and not line.isspace()]
        try:
            items = [self._one.decode(line) for line in lines]
            if self._are_sound(items, body):
                return self._whole(items)
        except UNREADABLE:
            pass
        return self._each(lines)

    def _derived_many(self, body: bytes) -> list[R] | None:
        """The records of an array, or None where each has to be looked at by itself."""
        try:
            records: list[R] = self._many.decode(body)
            return records if self._are_sound(records, body) else None
        except UNREADABLE:
            return None

    def _whole(self, items: list[R]) -> Batch[R]:
        self._check_size(len(items))
        return Batch(items, range(len(items)), [])

    def _check_size(self, count: int) -> None:
        if not count:
            raise MalformedBody("The batch has no items.", code="empty_batch")
        if count > self._max_items:
            raise self._too_many(str(count))

    def _too_many(self, count: str) -> TooLarge:
        message = f"The batch has {count} items; at most {self._max_items} are taken at once."
        return TooLarge(message, code="batch_too_large")

    def _each(self, bodies: list[bytes]) -> Batch[R]:
        self._check_size(len(bodies))
        items: list[R] = []
        places: list[int] = []
        errors: list[ItemError] = []
        for place, body in enumerate(bodies):
            if place % PAUSE_EVERY == PAUSE_EVERY - 1:
                self._pause()
            try:
                items.append(self.one(body, "item"))
                places.append(place)
            except (MalformedBody, ValidationFailed) as error:
                field, messages = next(iter(error.fields.items()), (None, [error.message]))
                errors.append(ItemError(place, error.code, messages[0], field))
        return Batch(items, places, errors)

    def _are_sound(self, items: list[R], body: bytes) -> bool:
        """Whether what the decoders do not check is well with `items`, the content of `body`."""
        if not has_no_control_characters(body):
            body.decode()  # what is kept raw was not looked at
            if any(map(self._controlled, items)):
                return False
        return all(are_sound(list(map(raw_of, items)), len(body)) for raw_of in self._raws)

    def _controlled(self, record: R) -> bool:
        """Whether one of the texts may have a control character; marshmallow looks closer."""
        for name in self._texts:
            value = getattr(record, name)
            if value is not None:
                texts = [value] if type(value) is str else [*value, *value.values()]
                if not all(map(str.isprintable, texts)):
                    return True
        return False


def load(schema: Schema, body: bytes, what: str = "body") -> Any:
    """What `schema` makes of `body`, which errors call `what`.

    Raises:
        MalformedBody: not JSON, or nested too deeply.
        ValidationFailed: JSON that the schema refuses.
    """
    payload = parse(body, what=what)
    if isinstance(payload, dict) and len(payload) > MOST_FIELDS:  # each unknown one would cost a message
        raise ValidationFailed(f"The object has {len(payload)} fields; known are {', '.join(schema.fields)}.")
    return loaded(schema, payload)


def loaded(schema: Schema, payload: Any) -> Any:
    """What `schema` makes of `payload`, in the errors of the service.

    Raises:
        ValidationFailed: the schema refuses it.
    """
    try:
        return schema.load(payload)
    except ValidationError as error:
        raise invalid(error) from None


def has_no_control_characters(body: bytes) -> bool:
    """True where no string in this JSON can have one: nothing escaped, and neither DEL nor beyond ASCII."""
    return b"\\" not in body and b"\x7f" not in body and body.isascii()


def parse(body: bytes, type_: Any = Any, what: str = "body") -> Any:
    """`body`, which errors call `what`, as JSON; half a character becomes U+FFFD.

    Raises:
        MalformedBody: it is not, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except UNREADABLE as error:
        whole = without_halves(body)
        if whole == body:
            raise malformed(body, error, what) from None
    return parse(whole, type_, what)


def parse_array(body: bytes) -> list[msgspec.Raw]:
    """The items of a JSON array, each still as it was sent.

    Raises:
        MalformedBody: not JSON, or nested too deeply.
        ValidationFailed: JSON, but no array.
    """
    if not body.lstrip().startswith(b"["):
        parse(body)
        raise ValidationFailed("A batch must be a JSON array of objects.")
    items: list[msgspec.Raw] = parse(body, list[msgspec.Raw])
    return items


def invalid(error: ValidationError) -> ValidationFailed:
    """Marshmallow's messages in the service's own shape: a list of messages for each field, nested ones dotted."""
    fields_: dict[str, list[str]] = {}
    _flatten("", error.messages, fields_)
    named = {name: messages for name, messages in fields_.items() if name != "_schema"}
    if not named:
        return ValidationFailed(" ".join(fields_.get("_schema", ["The payload is not valid."])))
    summary = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in list(named.items())[:5])
    return ValidationFailed(summary, fields=named)


def _flatten(prefix: str, messages: Any, into: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            _flatten(f"{prefix}.{name}" if prefix else str(name), inner, into)
    else:
        into.setdefault(prefix, []).extend(str(message) for message in messages)
