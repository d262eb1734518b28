"""The types of answers have the fields that their schemas, and so OpenAPI, document."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from marshmallow import Schema, fields

from analytics.alerts.incidents.answers import IncidentDetails, IncidentsAnswer
from analytics.alerts.rules.listing import AlertList, RuleList
from analytics.alerts.rules.trial import Trial
from analytics.alerts.slo.budgets import SlosAnswer
from analytics.api.catalog import CatalogAnswer
from analytics.api.health import FullHealth, Readiness
from analytics.api.keys import KeyWithSecret, ListedKey
from analytics.api.sessions import ListedSession
from analytics.errors import ErrorBody
from analytics.query.errors import ErrorsAnswer
from analytics.query.events import EventsAnswer
from analytics.query.service_details import ServiceAnswer
from analytics.query.services import HistoryAnswer, ServicesAnswer
from analytics.query.stats import Days, Hours, StatsAnswer
from analytics.schemas import (
    alerts,
    catalog,
    figures,
    incident_answers,
    key,
    responses,
    rule_tests,
    services,
    session,
    slos,
)
from analytics.schemas.event_page import EventPage
from analytics.snapshot.build import Snapshot

ANSWERS: dict[Any, type[Schema]] = {
    AlertList: alerts.ListedAlerts,
    CatalogAnswer: catalog.CatalogPage,
    Days: figures.DailyStats,
    ErrorBody: responses.Problem,
    ErrorsAnswer: responses.ErrorPage,
    EventsAnswer: EventPage,
    FullHealth: responses.Health,
    HistoryAnswer: services.History,
    Hours: figures.HourlyStats,
    IncidentDetails: incident_answers.IncidentDetails,
    IncidentsAnswer: incident_answers.IncidentPage,
    KeyWithSecret: key.NewKey,
    ListedKey: key.KeyRow,
    ListedSession: session.SessionRow,
    Readiness: responses.Readiness,
    RuleList: alerts.ListedGroups,
    ServiceAnswer: services.ServiceMetrics,
    ServicesAnswer: services.Services,
    SlosAnswer: slos.SloPage,
    Snapshot: figures.Dashboard,
    StatsAnswer: figures.Stats,
    Trial: rule_tests.RuleTrial,
}


def differences(type_: Any, field: fields.Field[Any] | Schema, path: str) -> Iterator[str]:
    """Places at which a type and a schema have different fields."""
    if get_origin(type_) in (Union, UnionType):
        type_ = next((each for each in get_args(type_) if each is not type(None)), None)
    if isinstance(field, fields.List):
        yield from differences(get_args(type_)[0], field.inner, f"{path}[]")
    elif isinstance(field, fields.Dict) and field.value_field is not None:
        yield from differences(get_args(type_)[1], field.value_field, f"{path}.*")
    elif is_typeddict(type_) and isinstance(field, fields.Nested | Schema):
        documented = {
            each.data_key or name: each
            for name, each in (field.schema if isinstance(field, fields.Nested) else field).fields.items()
        }
        hints = get_type_hints(type_)
        yield from (f"{path}.{name}" for name in sorted(documented.keys() ^ hints.keys()))
        for name in documented.keys() & hints.keys():
            yield from differences(hints[name], documented[name], f"{path}.{name}")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer.__name__))
def test_a_type_has_the_fields_of_its_schema(answer: Any) -> None:
    assert list(differences(answer, ANSWERS[answer](), answer.__name__)) == []


def test_a_difference_inside_is_found() -> None:
    assert set(differences(ServicesAnswer, services.Services(only=["services.name", "count"]), "answer")) > {
        "answer.services.*.status"
    }
