"""The arrows of DESIGN.md 1: data flows in one direction, and every room imports only earlier ones."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from analytics import kinds

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "analytics"
CLIENT = PACKAGE / "sdk"
"""A link to clients/python/analytics_sdk, whose modules import each other relatively, as the package has two names."""
FILES = sorted([*PACKAGE.rglob("*.py"), *CLIENT.glob("*.py")])

ARROWS: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "access": {
        "addresses",
        "answer",
        "error_answers",
        "errors",
        "identity",
        "keys",
        "listening",
        "own_metrics",
        "people",
        "scopes",
        "yielding",
    },
    "added_port": {"jobs"},
    "addresses": set(),
    "answer": {"errors"},
    "alerting": {"points"},
    "alerts": {
        "alerting",
        "clock",
        "errors",
        "incidents",
        "jobs",
        "lazy",
        "log_lines",
        "logql",
        "notifications",
        "own_metrics",
        "points",
        "promql",
        "query",
        "records",
        "resources",
        "schemas",
        "state",
        "templating",
        "threads",
    },
    "arrays": set(),
    "catalog": {"clock", "errors", "resources", "schemas", "yielding"},
    "clock": set(),
    "connection_limits": set(),
    "error_answers": {"answer", "errors"},
    "errors": set(),
    "identity": {"errors"},
    "keys": {"addresses", "clock", "errors", "identity", "people", "resources", "yielding"},
    "people": {"addresses", "clock", "errors", "identity"},
    "scopes": {"identity"},
    "slots": set(),
    "points": set(),
    "promql": {"points", "short_texts"},
    "templating": {"points", "promql"},
    "records": {"log_lines", "points", "spans"},
    "record_rows": {"log_lines", "spans"},
    "record_users": {"log_lines", "records", "spans"},
    "log_lines": set(),
    "patterns": set(),
    "spans": {"log_lines"},
    "logql": {"log_lines", "points", "promql", "templating"},
    "resources": set(),
    "config": {"converters", "request_settings", "setting", "store_settings"},
    "notify_settings": {"converters", "request_settings", "setting"},
    "request_settings": {"converters", "record_settings", "setting"},
    "record_settings": {"converters", "listening_settings", "setting"},
    "listening_settings": {"converters", "setting"},
    "store_settings": {"converters", "notify_settings", "request_settings", "setting"},
    "thread_call": set(),
    "threads": {"thread_call"},
    "converters": {"addresses", "influx_url"},
    "incidents": {"alerting", "points"},
    "influx_url": set(),
    "setting": {"converters", "errors"},
    "listening": {"errors"},
    "javascript": set(),
    "lazy": set(),
    "kinds": {
        "alerting",
        "config",
        "incidents",
        "log_lines",
        "notifications",
        "points",
        "record_users",
        "records",
        "resources",
        "spans",
    },
    "bus": {"records"},
    "jobs": {"clock", "own_metrics"},
    "logs": set(),
    "notifications": {"alerting", "points"},
    "yielding": set(),
    "version": set(),
    "state": {
        "alerting",
        "clock",
        "config",
        "incidents",
        "kinds",
        "log_lines",
        "notifications",
        "patterns",
        "points",
        "promql",
        "record_users",
        "records",
        "resources",
        "spans",
    },
    "garbage": set(),
    "short_texts": set(),
    "filters": {"errors", "log_lines", "records"},
    "schemas": {
        "arrays",
        "errors",
        "filters",
        "garbage",
        "identity",
        "kinds",
        "log_lines",
        "logql",
        "points",
        "promql",
        "records",
        "spans",
        "templating",
    },
    "log": {
        "alerting",
        "bus",
        "catalog",
        "clock",
        "config",
        "errors",
        "incidents",
        "kinds",
        "log_lines",
        "notifications",
        "points",
        "records",
        "resources",
        "spans",
        "state",
        "yielding",
    },
    "log.disk": {
        "clock",
        "config",
        "errors",
        "jobs",
        "kinds",
        "log",
        "own_metrics",
        "points",
        "records",
        "state",
        "thread_call",
        "yielding",
    },
    "store": {
        "clock",
        "errors",
        "filters",
        "jobs",
        "kinds",
        "log",
        "log.disk",
        "log_lines",
        "logs",
        "own_metrics",
        "query",
        "record_rows",
        "record_users",
        "records",
        "slots",
        "spans",
        "state",
    },
    "query": {
        "alerting",
        "catalog",
        "clock",
        "errors",
        "filters",
        "jobs",
        "log_lines",
        "logql",
        "notifications",
        "own_metrics",
        "patterns",
        "points",
        "promql",
        "record_rows",
        "records",
        "resources",
        "slots",
        "spans",
        "state",
        "threads",
    },
    "sinks": {
        "catalog",
        "clock",
        "errors",
        "influx_url",
        "jobs",
        "log",
        "own_metrics",
        "points",
        "query",
        "records",
        "state",
        "store",
        "threads",
    },
    "snapshot": {"bus", "clock", "jobs", "own_metrics", "query", "records", "state"},
    "privacy": {
        "catalog",
        "errors",
        "log_lines",
        "points",
        "record_users",
        "records",
        "schemas",
        "spans",
        "state",
    },
    "live": {
        "addresses",
        "clock",
        "errors",
        "internals",
        "jobs",
        "keys",
        "kinds",
        "lazy",
        "log_lines",
        "logql",
        "own_metrics",
        "query",
        "record_rows",
        "record_users",
        "records",
        "schemas",
        "snapshot",
        "state",
        "yielding",
    },
    "doors": {
        "addresses",
        "answer",
        "clock",
        "error_answers",
        "errors",
        "garbage",
        "identity",
        "kinds",
        "lazy",
        "log",
        "log_lines",
        "points",
        "privacy",
        "records",
        "schemas",
        "short_texts",
        "spans",
        "yielding",
    },
    "internals": {"connection_limits", "yielding"},
    "own_metrics": set(),
    "api": {
        "addresses",
        "alerts",
        "answer",
        "catalog",
        "clock",
        "doors",
        "error_answers",
        "errors",
        "filters",
        "identity",
        "incidents",
        "internals",
        "javascript",
        "jobs",
        "keys",
        "lazy",
        "log",
        "logql",
        "own_metrics",
        "people",
        "points",
        "promql",
        "query",
        "records",
        "resources",
        "schemas",
        "scopes",
        "slots",
        "snapshot",
        "spans",
        "store",
        "threads",
        "version",
        "yielding",
    },
    "factory": {
        "access",
        "addresses",
        "alerting",
        "alerts",
        "api",
        "bus",
        "catalog",
        "clock",
        "config",
        "doors",
        "errors",
        "filters",
        "influx_url",
        "jobs",
        "keys",
        "kinds",
        "lazy",
        "live",
        "log",
        "log.disk",
        "log_lines",
        "logql",
        "notifications",
        "own_metrics",
        "people",
        "points",
        "privacy",
        "promql",
        "query",
        "records",
        "resources",
        "runtime",
        "sinks",
        "snapshot",
        "state",
        "store",
        "store_settings",
        "templating",
        "threads",
        "yielding",
    },
    "runtime": {
        "added_port",
        "catalog",
        "errors",
        "jobs",
        "live",
        "log",
        "log.disk",
        "own_metrics",
        "query",
        "state",
        "store",
    },
    "serving": {
        "added_port",
        "api",
        "config",
        "connection_limits",
        "errors",
        "factory",
        "internals",
        "listening",
        "log.disk",
        "logs",
    },
    "feed": {"arrays"},
    "cli": {
        "alerts",
        "catalog",
        "config",
        "doors",
        "errors",
        "feed",
        "listening",
        "log.disk",
        "promql",
        "serving",
        "setting",
        "store",
        "templating",
        "version",
    },
    "sdk": set(),
}
"""The rooms that each room imports, exactly: a new arrow is a decision made here."""

EDGE = {"access", "api", "doors", "internals", "live", "serving"}
FLASK = {"flask", "flask_sock"}
WEB = {
    "apispec",
    "engineio",
    "flask",
    "flask_sock",
    "gunicorn",
    "markupsafe",
    "simple_websocket",
    "socketio",
    "werkzeug",
    "wsproto",
}
PUBLIC_MODULES: dict[str, set[str]] = {
    "engineio": set(),
    "flask_sock": {"flask_sock"},
    "gunicorn": {"gunicorn.app.base", "gunicorn.glogging", "gunicorn.http.errors"},
    "simple_websocket": {"simple_websocket"},
    "socketio": {"socketio", "socketio.exceptions"},
}
"""Documented modules of packages whose other parts only internals/ may use."""
PRIVATE_ATTRIBUTES = {
    *("WORKER_BOOT_ERROR", "alive", "get_cmd_args_from_env", "handle_hup", "kill_workers"),
    *("load_config_from_module_name_or_filename", "timeout_ctx", "write_error", "write_nonblock"),
    *("_async", "check_ping_timeout", "eio", "eio_sid_from_sid", "server_args", "upgraded", "upgrading"),
    *("_handle_events", "_sock", "input_buffer", "pong_received", "receive_bytes", "receive_data"),
}
"""What internals/ touches of gunicorn, Socket.IO, and simple-websocket and gevent; the distinctive names of it."""
SOCKET_KEYS = {"gunicorn.socket", "werkzeug.socket"}
INNER = {
    "answer",
    "arrays",
    "clock",
    "doors",
    "error_answers",
    "errors",
    "kinds",
    "log",
    "own_metrics",
    "query",
    "records",
    "schemas",
    "snapshot",
    "state",
}
"""Rooms that get time from outside."""
WITHOUT_IO = {"arrays", "clock", "errors", "kinds", "log", "own_metrics", "records", "schemas", "state"}
IO = {"asyncio", "gevent", "http", "io", "os", "pathlib", "requests", "select", "socket", "sqlite3", "subprocess"}


NESTED = {"log.disk"}
"""Folders inside a room that are rooms of their own."""
SPAWN = {"Greenlet", "spawn", "spawn_later", "spawn_raw", "start_new_thread", "_start_new_thread"}
SPAWNERS = {
    "jobs/job.py": "all that runs for the life of the process",
    "live/delivery.py": "the writer of one connection",
    "live/wire/socketio.py": "the timeouts of one connection",
    "internals/connections.py": "the next requests of one connection",
    "internals/gunicorn.py": "the stop itself",
    "log/disk/thread.py": "the thread that owns the database",
    "threads.py": "the thread of one query",
}
"""Files that start greenlets or threads, and which; whatever runs by itself is a job, so that its death is noticed."""


def room(path: Path) -> str:
    """The room of a file: its folder in the package, or its name if it is at the top."""
    return room_of(path.relative_to(PACKAGE).with_suffix("").parts)


def room_of(parts: Sequence[str]) -> str:
    """The room of a module, by the parts of its name below the package."""
    return ".".join(parts[:2]) if ".".join(parts[:2]) in NESTED else parts[0]


@cache
def nodes(path: Path) -> list[ast.AST]:
    """The syntax of a file."""
    return list(ast.walk(ast.parse(path.read_text())))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.level == 0 or (node.level == 1 and path.parent == CLIENT), f"{path}: imports are absolute"
            yield f"analytics.sdk.{node.module}" if node.level else node.module


@cache
def arrows() -> dict[str, set[str]]:
    """The rooms that each room imports."""
    found: dict[str, set[str]] = {room(path): set() for path in FILES}
    for path in FILES:
        for module in imported(path):
            if module.split(".")[0] == "analytics":
                target = room_of(module.split(".")[1:]) if "." in module else "__init__"
                if target != room(path):
                    found[room(path)].add(target)
    return found


def outside(path: Path) -> set[str]:
    """The top-level names of other packages that a file imports."""
    return {module.split(".")[0] for module in imported(path)} - {"analytics"}


def names(paths: Iterable[Path]) -> list[str]:
    """Paths in the package, as a failure lists them."""
    return [str(path.relative_to(PACKAGE)) for path in paths]


def calls(path: Path) -> list[ast.Call]:
    return [node for node in nodes(path) if isinstance(node, ast.Call)]


def test_each_room_imports_exactly_what_its_arrows_allow() -> None:
    rooms = sorted(ARROWS.keys() | arrows().keys())
    different = [name for name in rooms if arrows().get(name) != ARROWS.get(name)]
    assert different == [], "rooms whose imports differ from the table of arrows: see DESIGN.md 1"


def test_no_arrow_leads_back() -> None:
    TopologicalSorter(arrows()).prepare()


def test_only_the_factory_knows_the_edge() -> None:
    for edge, users in {
        "access": {"factory"},
        "api": {"factory", "serving"},
        "doors": {"api", "cli", "factory"},
        "live": {"factory", "runtime"},
    }.items():
        assert {name for name, targets in arrows().items() if edge in targets} == users
    assert {name for name, targets in arrows().items() if "factory" in targets} == {"serving"}


def test_the_fan_out_knows_nothing_of_its_adapters() -> None:
    fan_out = [path for path in FILES if path.parent == PACKAGE / "live"]
    assert fan_out
    for path in fan_out:
        assert not outside(path) & (WEB | {"socket"}), path
        assert not [name for name in imported(path) if name.startswith(("analytics.live.wire", "analytics.internals"))]


def test_only_internals_touches_private_parts_of_other_packages() -> None:
    hint = "move what needs it to analytics/internals/"
    internals = {path for path in FILES if room(path) == "internals"}
    source = "".join(path.read_text() for path in internals)
    assert all(name in source for name in PRIVATE_ATTRIBUTES | SOCKET_KEYS), "internals/ no longer uses all of these"
    for path in set(FILES) - internals:
        modules = {name for name in imported(path) if name.split(".")[0] in PUBLIC_MODULES or "._" in name}
        private = {name for name in modules if name not in PUBLIC_MODULES.get(name.split(".")[0], ())}
        assert not private, f"{path} imports {private}: {hint}"
        touched = attributes(path) & PRIVATE_ATTRIBUTES
        assert not touched, f"{path} touches {touched}: {hint}"
        constants = {node.value for node in nodes(path) if isinstance(node, ast.Constant)}
        assert not constants & SOCKET_KEYS, f"{path} takes the socket of a request: {hint}"


def attributes(path: Path) -> set[str]:
    """Names of the attributes that a file touches, of objects other than `self`."""
    return {
        node.attr
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    }


def test_the_client_needs_requests_and_nothing_of_the_server() -> None:
    files = [path for path in FILES if room(path) == "sdk" and path.name != "flask.py"]
    assert set().union(*map(outside, files)) - sys.stdlib_module_names == {"requests"}
    assert {name for name, targets in arrows().items() if "sdk" in targets} == set()
    assert arrows()["sdk"] == set()


def test_the_feed_knows_nothing_of_the_server_it_feeds() -> None:
    assert {name for name, targets in arrows().items() if "feed" in targets} == {"cli"}
    assert arrows()["feed"] == {"arrays"}


def test_only_the_edge_knows_the_web() -> None:
    inner = [path for path in FILES if room(path) not in EDGE and path != PACKAGE / "sdk" / "flask.py"]
    assert names(path for path in inner if outside(path) & WEB) == []


def test_only_api_and_live_import_flask() -> None:
    inner = [path for path in FILES if room(path) not in {"api", "live"} and path != PACKAGE / "sdk" / "flask.py"]
    assert names(path for path in inner if outside(path) & FLASK) == []


def test_recording_does_no_io_and_never_yields() -> None:
    def does_io(path: Path) -> bool:
        called = {node.func.id for node in calls(path) if isinstance(node.func, ast.Name)}
        return bool(outside(path) & IO or called & {"open", "print", "input", "eval", "exec", "__import__"})

    files = [path for path in FILES if room(path) in WITHOUT_IO]
    assert files
    assert names(filter(does_io, files)) == []


def test_clocks_are_passed_in() -> None:
    def reads_a_clock(path: Path) -> bool:
        methods = {node.func.attr for node in calls(path) if isinstance(node.func, ast.Attribute)}
        return bool(methods & {"now", "utcnow", "today"}) or ("time" in outside(path) and path.name != "clock.py")

    files = [path for path in FILES if room(path) in INNER]
    assert files
    assert names(filter(reads_a_clock, files)) == []


def test_background_work_is_a_job() -> None:
    service = [path for path in FILES if room(path) not in {"sdk", "feed", "cli"}]
    spawning = {str(path.relative_to(PACKAGE)) for path in service for node in calls(path) if called(node) in SPAWN}
    assert spawning == SPAWNERS.keys()


def called(node: ast.Call) -> str:
    """The last part of the name of a called function."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_every_file_begins_with_a_description() -> None:
    def says(path: Path) -> bool:
        (module,) = [node for node in nodes(path) if isinstance(node, ast.Module)]
        first = (ast.get_docstring(module) or "").partition("\n")[0]
        return path.read_text().startswith('"""') and re.fullmatch(r".*[^.]\.", first) is not None

    assert names(path for path in FILES if not says(path)) == [], "one sentence, ended by a full stop"


def test_no_file_is_longer_than_300_lines() -> None:
    assert names(path for path in FILES if len(path.read_text().splitlines()) > 300) == []


def test_every_folder_with_python_files_is_a_package() -> None:
    folders = {path.parent for path in FILES}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_the_package_itself_imports_nothing() -> None:
    assert list(imported(PACKAGE / "__init__.py")) == []


def test_all_imported_packages_are_pinned() -> None:
    pinned = {
        re.split(r"[\[=]", line)[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    distributions = packages_distributions()
    foreign = set().union(*(outside(path) for path in FILES)) - sys.stdlib_module_names
    missing = {
        name
        for name in foreign
        if not pinned & {found.lower().replace("_", "-") for found in distributions.get(name, ["(not installed)"])}
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("module", "strangers"),
    [
        ("analytics.cli", {"flask", "gevent", "msgspec", "marshmallow"}),
        ("analytics.state.state", {"flask", "gevent"}),
        ("analytics.serving.configuration", {"flask", "marshmallow", "numpy", "datasketches"}),
        ("analytics.serving.wsgi", {"apispec", "asyncio", "authlib", "prometheus_client", "requests", "yaml"}),
        ("analytics.serving.wsgi", {"cramjam", "duckdb", "google.protobuf", "opentelemetry", "promql_parser", "re2"}),
        ("analytics.serving.wsgi", {"bidict", "engineio.server", "flask_sock", "h11", "socketio.server", "wsproto"}),
        ("analytics.serving.wsgi", {"analytics.doors.influx", "analytics.doors.otlp", "analytics.doors.prometheus"}),
        ("analytics.serving.wsgi", {"analytics.logql.parse", "analytics.logql.template_functions"}),
        ("analytics.serving.wsgi", {"analytics.doors.statsd", "analytics.promql.engine", "analytics.promql.parse"}),
        ("analytics.serving.wsgi", {"analytics.query.cells.storage", "analytics.query.exposition.render"}),
        ("analytics.serving.wsgi", {"analytics.schemas.responses", "werkzeug.test"}),
        ("analytics.serving.wsgi", {"analytics.api.docs_page", "analytics.api.questions", "analytics.schemas.explore"}),
        ("analytics.serving.wsgi", {"analytics.filters.sql", "analytics.store.explore", "analytics.store.process"}),
        ("analytics.serving.wsgi", {"click.core", "http.server", "jinja2.compiler", "jinja2.environment"}),
    ],
)
def test_importing_one_room_does_not_load_another(module: str, strangers: set[str]) -> None:
    script = f"import sys, {module}; print(*sorted({strangers!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


SCHEMA_OF = "the schema of the answer that the class holds"
SAME_CLASSES = {
    "Consumer": "the schema of the figures of a consumer",
    "EndpointRow": SCHEMA_OF,
    "HealthChange": SCHEMA_OF,
    "IncidentDetails": SCHEMA_OF,
    "IncidentRow": SCHEMA_OF,
    "ItemError": "the feed reads what the service writes, and imports nothing of it",
    "Job": "the schema of the figures of a job",
    "LeftOutFile": SCHEMA_OF,
    "ListedService": SCHEMA_OF,
    "LogsPartialSuccess": SCHEMA_OF,
    "MemberRow": SCHEMA_OF,
    "Meta": "marshmallow's name for the options of a schema",
    "PeriodFigures": SCHEMA_OF,
    "Point": SCHEMA_OF,
    "RangeFigures": SCHEMA_OF,
    "RangePoint": SCHEMA_OF,
    "Readiness": SCHEMA_OF,
    "ReceiverTrial": SCHEMA_OF,
    "Receipt": "the record, its schema, and what the feed reads of it",
    "ServiceRow": SCHEMA_OF,
    "ServiceSummary": SCHEMA_OF,
    "SpansPartialSuccess": SCHEMA_OF,
    "TimelineRow": SCHEMA_OF,
    "UsedEndpoint": SCHEMA_OF,
    "UsedMetric": SCHEMA_OF,
}
"""Names of classes that two modules define, as they are the same thing, and which thing."""
PROTOCOL_MESSAGES = {PACKAGE / "doors" / "otlp" / f"{name}.py" for name in ("json_messages", "json_records")}
"""Their classes mirror the messages of the protocol, by the names that the protocol gives them."""


def test_no_two_classes_have_the_same_name() -> None:
    found: dict[str, set[Path]] = {}
    assert set(FILES) >= PROTOCOL_MESSAGES
    for path in set(FILES) - PROTOCOL_MESSAGES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and room(path) != "sdk":
                found.setdefault(node.name, set()).add(path)
    assert {name for name, paths in found.items() if len(paths) > 1} == SAME_CLASSES.keys()


def constants(path: Path) -> Iterator[tuple[str, str]]:
    """Public constants of a module and their values as source text, without type variables and names for others'."""
    (module,) = [node for node in nodes(path) if isinstance(node, ast.Module)]
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=True))
            for name, what in pairs:
                if isinstance(name, ast.Name) and name.id.isupper() and not name.id.startswith("_") and what:
                    text = ast.unparse(what)
                    if not text.startswith(("TypeVar(", "ParamSpec(")) and not text.endswith(f".{name.id}"):
                        yield name.id, text


def module_of(path: Path) -> str:
    """The full name of the module in a file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names() -> set[tuple[str | None, str]]:
    """Names that modules import from others, each with the module that it comes from."""
    imports = [node for path in FILES for node in nodes(path) if isinstance(node, ast.ImportFrom)]
    return {(node.module, alias.name) for node in imports for alias in node.names}


def test_no_two_imported_constants_with_different_values_have_the_same_name() -> None:
    """A constant that only its own file uses, or that others use as `module.NAME`, cannot be mistaken for another."""
    found: dict[str, set[str]] = {}
    shared = imported_names()
    for path in FILES:
        if room(path) != "sdk":
            for name, text in constants(path):
                if (module_of(path), name) in shared:
                    found.setdefault(name, set()).add(text)
    assert found
    assert {name: sorted(texts) for name, texts in found.items() if len(texts) > 1} == {}


STATE = {"state", "self._state"}
"""How code refers to the state."""
OF_SOME_KINDS = {
    "log/handlers.py": "the table of handlers",
    "log/events.py": "the rules of events",
    "log/metrics.py": "the handler of metrics",
    "log/points.py": "the handler of points",
    "log/log_lines.py": "the handler of log lines",
    "log/spans.py": "the handler of spans",
    "state/seen_errors.py": "the errors among events, spans and lines",
    "log/record_intake.py": "the intake of log lines and spans",
    "log/heartbeats.py": "the rules of heartbeats",
    "log/catalog.py": "the handlers of changes and files",
    "log/digests.py": "the users of an erasure",
    "log/alert_states.py": "the handler of states of alerts",
    "log/notifications.py": "the handlers of notifications",
    "log/erasures.py": "the handler of erasures, which removes events",
    "log/user_search.py": "errors, which are events, have a ring of their own",
    "log/recorder.py": "writes the service's own records",
    "log/disk/checkpoint.py": "the errors, which are events, have a ring of their own",
    "log/disk/erasing.py": "removes erased events from entries",
    "state/state.py": "counts each kind in its own way",
    "state/late_changes.py": "applies what the sink delivered",
    "state/errors.py": "finds errors among the events",
    "state/pushed.py": "keeps what was pushed last",
    "query/records/given.py": "a source of given log lines",
    "state/alerts/alerts.py": "keeps the states of alerts",
    "state/alerts/incidents.py": "notes what people do about incidents",
    "state/alerts/outbox.py": "keeps the messages to receivers",
    "state/observations.py": "spans of servers are requests",
    "state/services.py": "the health of a service comes from its heartbeats",
    "state/senders.py": "the rhythm of heartbeats",
    "query/events.py": "the answers of /events",
    "query/export.py": "events and metrics have columns of their own",
}
"""Files that name kinds or classes of records, and why."""


def test_kinds_of_records_are_named_in_their_table_alone() -> None:
    constants = {name for name, value in vars(kinds).items() if isinstance(value, kinds.Kind)}
    assert len(constants) == len(kinds.KINDS)
    classes = {kind.record.__name__ for kind in kinds.KINDS.values()}

    def spelled(path: Path) -> Iterator[str]:
        for node in nodes(path):
            if isinstance(node, ast.Constant) and room(path).startswith("log"):  # elsewhere also the names of series
                yield from kinds.KINDS.keys() & {node.value}
            elif isinstance(node, ast.ImportFrom) and node.module == "analytics.kinds":
                yield from constants & {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                yield from classes & {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in STATE:
                yield from kinds.KINDS.keys() & {node.attr}

    files = [path for path in FILES if room(path) in ("log", "log.disk", "state", "query")]
    found = {str(path.relative_to(PACKAGE)): name for path in files for name in spelled(path)}
    assert found.keys() == OF_SOME_KINDS.keys(), "take what differs between kinds from their table, analytics/kinds.py"
