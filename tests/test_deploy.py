"""deploy/: ports, paths and variables match the settings and the image."""

import configparser
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from analytics.config import SETTINGS, Settings
from tests.conftest import StartServer
from tests.docs.pages import blocks_of
from tests.nginx import Nginx, make_identity, substituted
from tests.server import ROOT, free_port

DEPLOY = ROOT / "deploy"
VARIABLES = {setting.variable for setting in SETTINGS.values()}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PORT = Settings().port
KEY = "the-admin-key-of-these-tests"


def image(pattern: str) -> str:
    """The match of a pattern in the Dockerfile."""
    found = re.search(pattern, DOCKERFILE, re.MULTILINE)
    assert found is not None, pattern
    return found[1]


VOLUME, USER, IMAGE_PORT = image(r"^VOLUME (\S+)$"), int(image(r"--uid (\d+)")), int(image(r" PORT=(\d+)"))


def check_settings(environment: Mapping[str, str]) -> None:
    """Check that each variable is a setting with an allowed value."""
    assert environment.keys() <= VARIABLES
    read = "from analytics.config import Settings; Settings.from_env()"
    subprocess.run([sys.executable, "-c", read], cwd=ROOT, env={**environment}, check=True)


def commented(path: Path) -> set[str]:
    """The variables in the comments of a file."""
    return set(re.findall(r"#.*?\b(ANALYTICS_[A-Z_]+)", path.read_text()))


def test_variables_in_comments_are_settings() -> None:
    for path in filter(Path.is_file, DEPLOY.iterdir()):
        assert commented(path) <= VARIABLES, path


def test_compose_keeps_the_data_and_listens_on_loopback() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    service = compose["services"]["analytics"]
    assert (DEPLOY / service["build"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
    assert service["ports"] == [f"127.0.0.1:{PORT}:{IMAGE_PORT}"]
    (volume,) = service["volumes"]
    name, path = volume.split(":")
    assert path == VOLUME
    assert name in compose["volumes"]
    check_settings(service["environment"])


@pytest.fixture
def check() -> list[str]:
    """The command of compose's health check, for this Python."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    kind, program, *arguments = compose["services"]["analytics"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    return [sys.executable, *arguments]


def test_the_health_check_passes_for_a_server_and_fails_without(check: list[str], start_server: StartServer) -> None:
    port = start_server().port
    for where, passes in ((port, True), (free_port(), False)):
        command = [part.replace(f":{PORT}/", f":{where}/") for part in check]
        assert command != check
        done = subprocess.run(command, capture_output=True, timeout=20)
        assert (done.returncode == 0) is passes


def units() -> list[str]:
    """The unit of deploy/, and those in the documentation."""
    return [(DEPLOY / "analytics.service").read_text(), *(block.text for block in blocks_of("ini"))]


@pytest.mark.parametrize("unit", units(), ids=["deploy", *(block.place for block in blocks_of("ini"))])
def test_the_unit_starts_the_server_with_its_settings(unit: str) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    assert parser.sections() == ["Unit", "Service", "Install"]
    service = parser["Service"]
    state = f"/var/lib/{service['StateDirectory']}"
    pairs = (pair.split("=", 1) for pair in shlex.split(service["Environment"].replace("%S", "/var/lib")))
    environment = dict(pairs)
    check_settings(environment)
    assert environment["ANALYTICS_DATA_DIR"] == state
    assert (environment["HOST"], environment["PORT"]) == ("127.0.0.1", str(PORT))
    program, *arguments = shlex.split(service["ExecStart"])
    assert (Path(program).name, arguments) in (
        ("analytics", ["serve"]),
        ("gunicorn", ["-k", "gevent", "-c", "gunicorn.conf.py", "wsgi:app"]),
    )


def manifests() -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    return {document["kind"]: document for document in documents}


def test_kubernetes_runs_one_pod_that_owns_its_data() -> None:
    found = manifests()
    claim, deployment = found["PersistentVolumeClaim"], found["Deployment"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    assert mounts.keys() == {VOLUME, "/tmp"}
    assert mounts[VOLUME]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": USER, "fsGroup": USER}
    assert pod["enableServiceLinks"] is False  # service links would set variables that begin with ANALYTICS_
    check_settings({entry["name"]: entry["value"] for entry in container["env"]})


def test_kubernetes_finds_the_port_by_its_name_and_label() -> None:
    found = manifests()
    deployment, service = found["Deployment"]["spec"], found["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels == service["selector"]
    (container,) = deployment["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == IMAGE_PORT
    (served,) = service["ports"]
    assert (served["port"], served["targetPort"]) == (PORT, port["name"])


def test_kubernetes_probes_paths_that_the_server_has(start_server: StartServer) -> None:
    server = start_server()
    (container,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    probes = [container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert [probe["path"] for probe in probes] == ["/health/live", "/health/live", "/health/ready"]
    for probe in probes:
        server.get(probe["path"])


@pytest.fixture
def guarded(start_server: StartServer, tmp_path: Path) -> Iterator[Nginx]:
    """Debian's nginx with deploy/nginx.conf in front of a server that requires keys."""
    settings = {"ANALYTICS_TRUSTED_PROXIES": "127.0.0.1", "ANALYTICS_AUTH": "required", "ANALYTICS_ADMIN_KEY": KEY}
    text = substituted((DEPLOY / "nginx.conf").read_text(), start_server(settings).port)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    with ExitStack() as stack:
        yield stack.enter_context(Nginx(tmp_path / "nginx", text, make_identity(tmp_path)))


def test_nginx_passes_on_keys_and_the_cookie_of_a_session(guarded: Nginx) -> None:
    def ask(method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, guarded.url + path, verify=str(guarded.certificate), timeout=10, **more)

    assert ask("GET", "/dashboard").status_code == 401
    assert ask("GET", "/dashboard", headers={"X-API-Key": "wrong"}).status_code == 401
    assert ask("GET", "/dashboard", headers={"X-API-Key": KEY}).status_code == 200
    assert ask("GET", "/dashboard", auth=("me", KEY)).status_code == 200
    for path in ("/", "/health", "/health/ready"):
        assert ask("GET", path).status_code == 200
    cookie = ask("POST", "/session", json={"key": KEY}).headers["Set-Cookie"]
    assert "Secure" in cookie
    assert ask("GET", "/dashboard", headers={"Cookie": cookie.partition(";")[0]}).status_code == 200


def test_deployments_require_keys() -> None:
    for path in ("compose.yaml", "kubernetes.yaml", "analytics.service", "nginx.conf"):
        assert re.search(r"ANALYTICS_AUTH\W+(value: )?required", (DEPLOY / path).read_text()), path


def test_the_location_of_nginx_matches_the_guide() -> None:
    guide, _ = blocks_of("nginx", ROOT / "docs" / "howto" / "nginx.md")
    location = re.compile(r"    location / \{.*?\n    \}\n", re.DOTALL)
    documented, used = location.search(guide.text), location.search((DEPLOY / "nginx.conf").read_text())
    assert documented is not None
    assert used is not None
    assert documented[0] == used[0]
