"""Decodes OTLP requests with log records or spans, one item at a time: a bad one is rejected alone."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Raw

from analytics.doors.groups import GroupLimit
from analytics.doors.otlp.attribute_reader import AttributeReader
from analytics.doors.otlp.bad_item import BadItem
from analytics.doors.otlp.forms import OtlpForm
from analytics.doors.otlp.record_resources import resource_of, scope_of
from analytics.doors.records.attributes import Count
from analytics.log_lines import NO_ATTRIBUTES, NewLogLine
from analytics.records import ItemError
from analytics.schemas.compiled import DecodedBatch
from analytics.spans import NewSpan

PAUSE_EVERY = 64
R = TypeVar("R", NewLogLine, NewSpan)
Scopes = Iterable[tuple[Any, Any]]
"""The scopes of a resource, each with its items."""


class RecordDecoder(ABC, Generic[R]):
    """Decodes the requests of one form.

    Args:
        check: called with a number of items, raises TooLarge.
        dropped: counts what was cut or left out.
        pause: called from time to time, to yield to others.
    """

    malformed: str
    """Error code of an item that is not valid."""

    def __init__(self, form: OtlpForm, check: Callable[[int], None], dropped: Count, pause: Callable[[], None]) -> None:
        self._form, self._check, self._dropped, self._pause = form, check, dropped, pause
        self._reader = AttributeReader(form.raws, form.safe_raws, form.attribute, dropped, pause)

    def decode(self, body: bytes) -> DecodedBatch[R]:
        """The items of a request; the place of each is its index in the request.

        Raises:
            MalformedBody: the body is no such request.
            TooLarge: it has too many items, resources or scopes.
        """
        items, errors = list[R](), list[ItemError]()

        def refuse(item: Any, why: str) -> None:
            place = len(items) + len(errors)
            errors.append(ItemError(place, self.malformed, f"{self._named(item, place)}: {why}"))

        for sent_resource, scopes in self._resources(body, GroupLimit(self._pause)):
            problem = ""
            try:
                service, resource = resource_of(sent_resource, self._reader)
            except BadItem as error:
                service, resource, problem = "", NO_ATTRIBUTES, f"its resource: {error}"
            for scope, sent in scopes:
                library = scope_of(scope)
                self._check(len(items) + len(errors) + len(sent))
                for start in range(0, len(sent), PAUSE_EVERY):
                    part = sent[start : start + PAUSE_EVERY]
                    if problem:
                        for item in part:
                            refuse(item, problem)
                        continue
                    end, left = len(items) + len(errors) + len(part), iter(part)
                    while len(items) + len(errors) < end:
                        try:
                            self._extend(items, left, service, resource, library)
                        except BadItem as error:
                            refuse(part[len(items) + len(errors) - end], str(error))
                    self._pause()
        places = _places(len(items) + len(errors), errors)
        return DecodedBatch(items, places, errors, self._reader.names.all())

    @abstractmethod
    def _resources(self, body: bytes, groups: GroupLimit) -> Iterable[tuple[Any, Scopes]]:
        """The resources of a request, each with its scopes.

        Raises:
            MalformedBody: the body is no such request.
            TooLarge: there are too many of them.
        """

    @abstractmethod
    def _extend(self, records: list[R], items: Iterator[Any], service: str, resource: Raw, library: str) -> None:
        """Append the records of items; one call for many is quicker than a call for each.

        Raises:
            BadItem: the last item that was taken is not valid; the next call goes on with those after it.
        """

    @abstractmethod
    def _named(self, item: Any, place: int) -> str:
        """The name of an item in its error."""


def _places(count: int, errors: Sequence[ItemError]) -> range | list[int]:
    """The indexes of so many items that have no error."""
    if not errors:
        return range(count)
    bad = {error.index for error in errors}
    return [place for place in range(count) if place not in bad]
