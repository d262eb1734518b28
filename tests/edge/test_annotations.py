"""Annotations over HTTP: bodies, versions, conditions, filters, and persistence across a kill."""

import gzip
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from analytics.clock import rfc3339
from analytics.log.disk.inspection import inspect
from tests.conftest import StartServer
from tests.edge.mortal import Mortal
from tests.edge.wire import check_problem, check_shape, is_time, unique
from tests.server import GUNICORN, ROOT, Server

NOW = datetime.now(UTC)
ANNOTATION = {
    "id": str,
    "text": str,
    "time": is_time,
    "end": (str, type(None)),
    "service": (str, type(None)),
    "tags": list,
    "link": (str, type(None)),
    "version": int,
    "updated_at": is_time,
    "updated_by": str,
    "source": str,
}


def ago(**span: float) -> str:
    return rfc3339((NOW - timedelta(**span)).timestamp())


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, server.url + path, json=body, headers=named, timeout=10)


def texts(server: Server, query: str) -> list[str]:
    return [each["text"] for each in server.get(f"/annotations?{query}")["annotations"]]


def test_an_annotation_is_created_read_and_deleted(shared_server: Server) -> None:
    year = NOW.year + 1
    given = {
        "text": "Deploy 1.4.2",
        "time": f"{year}-01-01T01:00:00.5+01:00",
        "end": f"{year}-01-01T00:10:00Z",
        "service": "checkout",
        "tags": ["deploy", "ü"],
        "link": "https://ci.example/runs/142",
    }
    created = ask(shared_server, "POST", "/annotations", given)
    assert created.status_code == 201
    body = created.json()
    assert body.pop("outcome") == "created"
    check_shape(body, ANNOTATION)
    times = {"time": f"{year}-01-01T00:00:00.500Z", "end": f"{year}-01-01T00:10:00.000Z"}
    assert body.items() >= {**given, **times, "updated_by": "anonymous", "source": "http"}.items()
    assert created.headers["Location"] == f"/annotations/{body['id']}"
    assert created.headers["ETag"] == f'"{body["version"]}"'
    read = ask(shared_server, "GET", created.headers["Location"])
    assert (read.json(), read.headers["ETag"]) == (body, created.headers["ETag"])
    assert body in shared_server.get("/annotations?limit=1000")["annotations"]
    gone = ask(shared_server, "DELETE", created.headers["Location"])
    assert (gone.status_code, gone.content, gone.headers.get("Content-Type")) == (204, b"", None)
    for method in ("GET", "DELETE"):
        check_problem(ask(shared_server, method, created.headers["Location"]), 404, "unknown_resource")


def test_the_default_time_is_now_and_does_not_change(shared_server: Server) -> None:
    path = f"/annotations/{unique('timeless')}"
    first = ask(shared_server, "PUT", path, {"text": "a"})
    assert first.status_code == 201
    at = datetime.fromisoformat(first.json()["time"])
    assert abs((at - datetime.now(UTC)).total_seconds()) < 60
    again = ask(shared_server, "PUT", path, {"text": "a"})
    assert (again.status_code, again.json()) == (200, {**first.json(), "outcome": "unchanged"})
    changed = ask(shared_server, "PUT", path, {"text": "b"}).json()
    assert (changed["outcome"], changed["time"]) == ("changed", first.json()["time"])
    assert changed["version"] > first.json()["version"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "validation_failed", "text"),
    ({"text": ""}, "validation_failed", "text"),
    ({"text": "x" * 1001}, "validation_failed", "text"),
    ({"text": "a\nb"}, "validation_failed", "text"),
    ({"text": "x", "time": "2024-01-15"}, "validation_failed", "time"),
    ({"text": "x", "time": ago(days=95)}, "timestamp_too_old", "time"),
    ({"text": "x", "time": ago(days=99), "end": ago(days=95)}, "timestamp_too_old", "end"),
    ({"text": "x", "time": ago(days=-5 * 366 - 1)}, "timestamp_in_future", "time"),
    ({"text": "x", "end": "9999-12-31T23:59:59Z"}, "timestamp_in_future", "end"),
    ({"text": "x", "time": "0001-01-01T00:00:00+10:00"}, "validation_failed", "time"),
    ({"text": "x", "time": "9999-12-31T23:59:59-10:00"}, "timestamp_in_future", "time"),
    ({"text": "x", "end": ago(days=1)}, "end_before_time", "end"),
    ({"text": "x", "tags": ["x"] * 21}, "validation_failed", "tags"),
    ({"text": "x", "tags": [""]}, "validation_failed", "tags.0"),
    ({"text": "x", "tags": "deploy"}, "validation_failed", "tags"),
    ({"text": "x", "link": "javascript:alert(1)"}, "validation_failed", "link"),
    ({"text": "x", "link": "https://"}, "validation_failed", "link"),
    ({"text": "x", "service": "s" * 129}, "validation_failed", "service"),
    ({"text": "x", "note": 1}, "validation_failed", "note"),
]


@pytest.mark.parametrize(("body", "code", "field"), WRONG)
def test_a_wrong_body_is_a_422_that_names_the_field(
    shared_server: Server, body: dict[str, Any], code: str, field: str
) -> None:
    for method, path in (("POST", "/annotations"), ("PUT", "/annotations/wrong")):
        check_problem(ask(shared_server, method, path, body), 422, code, field)
    check_problem(ask(shared_server, "GET", "/annotations/wrong"), 404)


def test_future_times_are_accepted(shared_server: Server) -> None:
    planned = ask(shared_server, "POST", "/annotations", {"text": "x", "time": ago(days=-5 * 365)})
    assert planned.status_code == 201
    assert ask(shared_server, "DELETE", planned.headers["Location"]).status_code == 204


@pytest.mark.parametrize("name", [".hidden", "a%20b", "%C3%BC", "x" * 129])
def test_a_name_that_is_not_safe_in_a_url_is_refused(shared_server: Server, name: str) -> None:
    check_problem(ask(shared_server, "PUT", f"/annotations/{name}", {"text": "x"}), 422, "validation_failed", "id")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_is_one_object_of_limited_size(shared_server: Server, method: str) -> None:
    path = "/annotations" + ("/big" if method == "PUT" else "")
    problem = check_problem(ask(shared_server, method, path, {"text": "x" * 66_000}), 413, "body_too_large")
    assert "batches" not in problem["message"]
    check_problem(ask(shared_server, method, path, [{"text": "x"}]), 422, "validation_failed")
    lines = {"Content-Type": "application/x-ndjson"}
    answer = requests.request(method, shared_server.url + path, data='{"text": "x"}', headers=lines, timeout=10)
    check_problem(answer, 415, "unsupported_media_type")
    check_problem(ask(shared_server, method, f"{path}?wat=1", {"text": "x"}), 422, "validation_failed", "wat")


def test_conditions_prevent_conflicting_changes(shared_server: Server) -> None:
    path = f"/annotations/{unique('conditions')}"
    first = ask(shared_server, "PUT", path, {"text": "a"}, If_None_Match="*")
    assert first.status_code == 201
    tag = first.headers["ETag"]
    for headers in (
        {"If_None_Match": "*"},
        {"If_Match": '"0"'},
        {"If_Match": f"W/{tag}"},
        {"If_Match": '"", junk'},
        {"If_Match": f'"0{tag[1:]}'},
    ):
        check_problem(ask(shared_server, "PUT", path, {"text": "b"}, **headers), 412, "precondition_failed")
        check_problem(ask(shared_server, "DELETE", path, **headers), 412, "precondition_failed")
    check_problem(ask(shared_server, "PUT", f"{path}-not", {"text": "b"}, If_Match="*"), 412, "precondition_failed")
    second = ask(shared_server, "PUT", path, {"text": "b"}, If_Match=f'"0", {tag}')
    assert second.status_code == 200
    check_problem(ask(shared_server, "PUT", path, {"text": "c"}, If_Match=tag), 412, "precondition_failed")
    assert ask(shared_server, "PUT", path, {"text": "c"}).status_code == 200, "without a condition a PUT replaces"
    check_problem(ask(shared_server, "DELETE", path, If_Match=second.headers["ETag"]), 412, "precondition_failed")
    assert ask(shared_server, "DELETE", path, If_Match="*").status_code == 204


def test_of_two_changes_to_the_same_version_one_is_refused(shared_server: Server) -> None:
    path = f"/annotations/{unique('race')}"
    tag = ask(shared_server, "PUT", path, {"text": "a"}).headers["ETag"]
    with ThreadPoolExecutor(8) as pool:
        puts = [pool.submit(ask, shared_server, "PUT", path, {"text": f"by {n}"}, If_Match=tag) for n in range(8)]
        answers = [put.result() for put in puts]
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert ask(shared_server, "GET", path).json()["text"] == won.json()["text"]


def test_reads_are_answered_304_if_nothing_changed(shared_server: Server) -> None:
    path = f"/annotations/{unique('etag')}"
    ask(shared_server, "PUT", path, {"text": "a"})
    for url in (path, "/annotations?limit=3", "/catalog?limit=3"):
        first = ask(shared_server, "GET", url)
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = ask(shared_server, "GET", url, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        ask(shared_server, "PUT", path, {"text": first.headers["ETag"]})
        assert ask(shared_server, "GET", url, If_None_Match=first.headers["ETag"]).status_code == 200
        assert ask(shared_server, "GET", url, If_None_Match='""').status_code == 200
        assert ask(shared_server, "HEAD", url).status_code == 200


def test_a_dry_run_validates_and_changes_nothing(shared_server: Server) -> None:
    path = f"/annotations/{unique('dry')}"
    dry = ask(shared_server, "PUT", f"{path}?dry_run=1", {"text": "a"})
    assert (dry.status_code, dry.json()["outcome"], dry.json()["version"]) == (200, "created", 0)
    check_problem(ask(shared_server, "GET", path), 404)
    check_problem(ask(shared_server, "PUT", f"{path}?dry_run=1", {"text": ""}), 422)


def test_the_list_can_be_filtered_and_is_newest_first(start_server: StartServer) -> None:
    server = start_server()
    for text, begins, ends, service, tags in (
        ("old", 9, None, "web", ["deploy"]),
        ("long", 8, 3, None, ["incident"]),
        ("mid", 5, None, "web", []),
        ("new", 1, None, "cart", ["deploy"]),
    ):
        body = {"text": text, "time": ago(hours=begins), "service": service, "tags": tags}
        assert ask(server, "POST", "/annotations", {**body, "end": ends and ago(hours=ends)}).status_code == 201
    assert texts(server, "") == ["new", "mid", "long", "old"]
    assert texts(server, "limit=2") == ["new", "mid"]
    assert texts(server, f"from={ago(hours=6)}&to={ago(hours=2)}") == ["mid", "long"]
    assert texts(server, f"from={ago(hours=8, minutes=30)}&to={ago(hours=8)}") == [], "`to` is exclusive"
    assert texts(server, f"from={ago(hours=3)}&to={ago(hours=2)}") == ["long"], "`from` is inclusive"
    assert texts(server, "service=web") == ["mid", "old"]
    assert texts(server, "tag=deploy&service=cart") == ["new"]
    check_problem(ask(server, "GET", "/annotations?limit=0"), 422, "validation_failed", "limit")
    everything = server.get("/catalog?collection=annotations&limit=3")
    rest = server.get(f"/catalog?collection=annotations&limit=3&cursor={everything['next_cursor']}")
    assert (everything["count"], rest["count"], rest["next_cursor"]) == (3, 1, None)
    bodies = {each["body"]["text"]: each["body"] for each in everything["resources"] + rest["resources"]}
    assert bodies["new"] == {"text": "new", "time": ago(hours=1), "service": "cart", "tags": ["deploy"]}
    assert [server.get(f"/annotations?limit={limit}")["has_more"] for limit in (3, 4)] == [True, False]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("collection=nope", "collection"),
        ("cursor=garbage", "cursor"),
        ("cursor=/", "cursor"),
        ("cursor=nope/a", "cursor"),
        ("cursor=annotations/%C3%BC", "cursor"),
    ],
)
def test_a_collection_or_cursor_that_does_not_exist_is_refused(shared_server: Server, query: str, field: str) -> None:
    check_problem(ask(shared_server, "GET", f"/catalog?{query}"), 422, "validation_failed", field)


def test_times_of_a_resource_have_milliseconds_everywhere(shared_server: Server) -> None:
    name = unique("precise")
    body = ask(shared_server, "PUT", f"/annotations/{name}", {"text": "x"}).json()
    page = shared_server.get(f"/catalog?limit=1&cursor=annotations/{name[:-1]}")
    (listed,) = [each for each in page["resources"] if each["id"] == name]
    assert listed["updated_at"] == body["updated_at"]
    assert re.fullmatch(r".*:\d\d\.\d{3}Z", body["updated_at"])


@pytest.mark.parametrize("path", ["/annotations", "/heartbeat", "/events"])
def test_an_empty_body_has_the_same_code_everywhere(shared_server: Server, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    check_problem(requests.post(shared_server.url + path, headers=headers, timeout=10), 400, "empty_body")


def test_x_gzip_is_gzip(shared_server: Server) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "x-gzip"}
    body = gzip.compress(b'{"text": "x"}')
    assert requests.post(f"{shared_server.url}/annotations", body, headers=headers, timeout=10).status_code == 201


def test_etags_of_lists_change_after_a_restart_in_memory(start_server: StartServer) -> None:
    tags = []
    for text in ("a", "b"):
        server = start_server()
        ask(server, "POST", "/annotations", {"text": text})
        tags.append({ask(server, "GET", path).headers["ETag"] for path in ("/annotations", "/catalog")})
    assert not tags[0] & tags[1]


def test_a_backup_holds_the_catalog(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data")})
    kept = ask(server, "PUT", "/annotations/a", {"text": "kept"})
    backup, restored = str(tmp_path / "backup.db"), str(tmp_path / "restored")
    cli = (sys.executable, "-m", "analytics")
    subprocess.run([*cli, "backup", "--data-dir", str(tmp_path / "data"), backup], cwd=ROOT, check=True)
    ask(server, "DELETE", "/annotations/a")
    subprocess.run([*cli, "restore", "--data-dir", restored, backup], cwd=ROOT, check=True)
    again = start_server({"ANALYTICS_DATA_DIR": restored})
    assert {**again.get("/annotations/a"), "outcome": "created"} == kept.json()


@pytest.mark.parametrize("durability", ["fsync", "process"])
def test_acknowledged_annotations_and_their_versions_survive_a_kill(tmp_path: Path, durability: str) -> None:
    server = Mortal(tmp_path / "log", tmp_path / "data", GUNICORN, ANALYTICS_DURABILITY=durability)
    with server.running():
        first = ask(server, "POST", "/annotations", {"text": "a"}).json()
        server.begin_again()
        changed = ask(server, "PUT", f"/annotations/{first['id']}", {"text": "b"}, If_Match=f'"{first["version"]}"')
        ask(server, "PUT", "/annotations/gone", {"text": "x"})
        ask(server, "DELETE", "/annotations/gone")
        server.begin_again()
        annotation = changed.json()
        del annotation["outcome"]
        assert server.get("/annotations")["annotations"] == [annotation]
        assert ask(server, "PUT", "/annotations/gone", {"text": "y"}).json()["version"] > annotation["version"] + 2
        server.stop()  # a clean stop writes a checkpoint
        server.begin_again()
        assert server.get(f"/annotations/{first['id']}") == annotation
    found = inspect(tmp_path / "data" / "analytics.db").to_json()
    (catalog,) = [part for part in found["image"]["families"] if part["family"] == "catalog"]
    assert (found["sound"], catalog["parts"], catalog["oldest"]) == (True, 1, None)


def test_answers_match_the_contract(shared_server: Server) -> None:
    paths = shared_server.get("/openapi.json")["paths"]
    assert set(paths["/annotations/{id}"]) == {"get", "put", "delete"}
    names = [each["name"] for each in paths["/annotations/{id}"]["put"]["parameters"]]
    assert names == ["id", "dry_run", "If-Match", "If-None-Match"]
    assert "content" not in paths["/annotations/{id}"]["delete"]["responses"]["204"]
    assert json.dumps(paths).count("precondition_failed") >= 2
