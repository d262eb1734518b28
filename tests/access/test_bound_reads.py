"""Keys that are bound to services, event types or origins read nothing, whichever way a question is asked."""

import pytest

from tests.access.rig import ADMIN, SHOP, Rig

SECRET = "of-another-service"
BOUNDS = [{"services": ["shop"]}, {"types": ["view"]}, {"origins": [SHOP]}, {"services": ["shop"], "types": ["view"]}]
QUESTIONS = {
    "GET /events?service=shop": None,
    "GET /events?q=type:view": None,
    "GET /events?since=2000-01-01T00:00:00Z&order=time": None,
    "GET /export/events": None,
    "GET /export/metrics": None,
    "POST /explore": {"measure": "count", "by": ["service"]},
    "POST /sql": {"sql": "SELECT * FROM events"},
    "GET /api/v1/query?query=requests_total": None,
    "POST /api/v1/query?query=requests_total": None,
    "GET /api/v1/query_range?query=requests_total&start=0&end=1&step=1": None,
    "GET /api/v1/series?match[]=requests_total": None,
    "GET /api/v1/labels": None,
    "GET /api/v1/label/service/values": None,
    "GET /api/v1/metadata": None,
    "GET /api/v1/query_exemplars?query=a&start=0&end=1": None,
    "GET /series?name=requests": None,
    "GET /services": None,
    "GET /dashboard": None,
    "GET /metrics": None,
}


@pytest.fixture(scope="module")
def rig() -> Rig:
    rig = Rig()
    assert rig.post("/events", {"type": SECRET, "service": SECRET}, ADMIN).status_code == 201
    return rig


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_bound_key_reads_nothing(rig: Rig, question: str, bounds: dict[str, list[str]]) -> None:
    method, path = question.split(" ")
    key = rig.key("ingest", **bounds)
    headers = {"Authorization": f"Bearer {key}", "Origin": SHOP}
    answer = rig.ask(method, path, headers=headers, json=QUESTIONS[question])
    assert answer.status_code == 403, answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", ["/explore", "/sql"])
def test_a_reader_is_no_admin(rig: Rig, path: str) -> None:
    answer = rig.post(path, {"sql": "SELECT 1"}, rig.key("read"))
    assert answer.status_code == (403 if path == "/sql" else 422), answer.text
