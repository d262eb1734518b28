"""Every example of README.md is run against a real server, but for those marked `<!-- not run -->`.

Shell blocks run if they call curl or the command line; Python, JavaScript and Go blocks always do. They run in the
order of the README in one folder that holds an access log, so a later block may use what an earlier one made.
"""

import gzip
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.edge.wire import tool
from tests.server import ROOT, Server

README = ROOT / "README.md"
NOT_RUN = "<!-- not run -->"
SHELL, JAVASCRIPT = ("bash", "sh", "shell"), ("javascript", "js")
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
SECONDS = 20
COMPILE_SECONDS = 120
RUNS_UNTIL_STOPPED = "analytics demo"
CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 15\n"
# What a page has and node has not; an answer that is an error fails the block, and so does an error nobody caught.
BROWSER = """
setTimeout(() => process.exit(), 3000).unref();
const ask = globalThis.fetch;
globalThis.fetch = async (...args) => {
  const answer = await ask(...args);
  if (answer.status >= 400) {
    console.error(answer.status, args[0], await answer.clone().text());
    process.exitCode = 1;
  }
  return answer;
};
const element = () => ({ innerHTML: '', textContent: '', append() {}, addEventListener() {} });
globalThis.document ??= { getElementById: element, querySelector: element, createElement: element };
globalThis.navigator ??= { sendBeacon: (url, body) => !!fetch(url, { method: 'POST', body }) };
"""


class Block(NamedTuple):
    line: int
    language: str
    text: str


def blocks() -> list[Block]:
    """The examples that are run."""
    if not README.exists():
        return []
    readme, found = README.read_text(), []
    for match in FENCE.finditer(readme):
        before = readme[: match.start()]
        block = Block(before.count("\n") + 1, match["language"].lower(), match["text"])
        runs = block.language in ("python", "go", *JAVASCRIPT)
        if block.language in SHELL:
            runs = "curl" in block.text or "python -m analytics" in block.text
        if runs and not before.rstrip().endswith(NOT_RUN):
            found.append(block)
    return found


BLOCKS = blocks()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Server]:
    settings = {"ANALYTICS_DATA_DIR": str(folder / "data")}
    with Server(tmp_path_factory.mktemp("readme-server") / "server.log", settings) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples run: with an access log, and what makes curl and node tell of errors."""
    path = tmp_path_factory.mktemp("readme")
    then = datetime.now(UTC) - timedelta(hours=30)
    log = "".join(
        f"192.0.2.{n % 9} - - [{then + timedelta(minutes=n):%d/%b/%Y:%H:%M:%S %z}] "
        f'"GET /products/{n % 4}?page={n} HTTP/1.1" {500 if n % 20 == 0 else 200} 512 "-" "agent"\n'
        for n in range(1, 100)
    )
    (path / "access.log").write_text(log)
    (path / "access.log.gz").write_bytes(gzip.compress(log.encode()))
    (path / ".curlrc").write_text(CURLRC)
    (path / "browser.mjs").write_text(BROWSER)
    (path / ".venv").symlink_to(sys.prefix)
    return path


@pytest.fixture(scope="module")
def tried() -> set[Block]:
    """The examples that were run: one may need what those before it record."""
    return set()


def command(block: Block, text: str, folder: Path) -> list[str]:
    if block.language in SHELL:
        tool("curl")
        return ["bash", "-euo", "pipefail", "-c", text]
    suffix = block.language if block.language == "go" else "py" if block.language == "python" else "mjs"
    script = folder / f"line{block.line}.{suffix}"
    script.write_text(dedent(text))
    if block.language == "go":
        return [str(compiled(script))]
    if block.language == "python":
        return [sys.executable, str(script)]
    return [tool("node"), "--no-warnings", "--experimental-websocket", "--import", "./browser.mjs", str(script)]


def compiled(script: Path) -> Path:
    """The program of a Go file that needs nothing but Go's own library."""
    program, environment = script.with_suffix(""), {**os.environ, "GO111MODULE": "off", "GOTOOLCHAIN": "local"}
    environment.update(GOCACHE=str(script.parent / "go-cache"), GOPATH=str(script.parent / "go"), GOFLAGS="")
    build = [tool("go"), "build", "-o", str(program), str(script)]
    done = subprocess.run(build, env=environment, capture_output=True, text=True, timeout=COMPILE_SECONDS)
    assert done.returncode == 0, done.stderr
    return program


def test_there_are_examples() -> None:
    if not README.exists():
        pytest.skip("README.md is not written yet")
    assert any(block.language in SHELL for block in BLOCKS), "README.md shows nothing that a test could run"


@pytest.mark.parametrize("block", BLOCKS, ids=[f"line {block.line} {block.language}" for block in BLOCKS])
def test_an_example_works_as_it_stands(server: Server, folder: Path, tried: set[Block], block: Block) -> None:
    for each in BLOCKS[: BLOCKS.index(block) + 1]:
        if each not in tried:
            tried.add(each)
            run(server, folder, each)


def run(server: Server, folder: Path, block: Block) -> None:
    """Run an example as a user would, who is told of any error."""
    address = urlsplit(server.url).netloc
    text = re.sub(r"(localhost|127\.0\.0\.1):8099", address, block.text)
    process = subprocess.Popen(
        command(block, text, folder),
        cwd=folder,
        env={
            **os.environ,
            "CURL_HOME": str(folder),
            "ANALYTICS_URL": server.url,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    endless = RUNS_UNTIL_STOPPED in text and "--duration" not in text
    try:
        output, _ = process.communicate(timeout=6 if endless else SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT if endless else signal.SIGKILL)
        output, _ = process.communicate(timeout=SECONDS)
        assert endless, f"still running after {SECONDS} s:\n{text}\n{output}"
    assert process.returncode == 0, f"exit {process.returncode}\n{text}\n{output}"
