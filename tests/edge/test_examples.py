"""Every example of README.md and docs/ is run against a real server, except those marked `<!-- not run -->`.

The blocks of a page run in order against a server of the page's own, in one folder that holds an access log, so a later
block may use what an earlier one made.
"""

import gzip
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import ALL_BLOCKS, Block
from tests.edge.wire import tool
from tests.server import ROOT, Server

RUN_LANGUAGES = ("bash", "python", "javascript", "go")
SECONDS = 30
COMPILE_SECONDS = 120
CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 15\n"
# Browser features that node lacks; an error status or an uncaught error fails the block.
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
globalThis.navigator ??= {};
globalThis.navigator.sendBeacon ??= (url, body) => !!fetch(url, { method: 'POST', body });
"""
BLOCKS = [block for block in ALL_BLOCKS if block.language in RUN_LANGUAGES and block.is_run]


class Stage:
    """A page's server and folder, and which of its blocks were run."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.done: set[Block] = set()

    def play(self, last: Block) -> None:
        """Run the blocks of a page up to `last`, each once."""
        for block in BLOCKS:
            if block.page == last.page and block.line <= last.line and block not in self.done:
                self.done.add(block)
                run(self.server, self.folder, block)


GetStage = Callable[[Path], Stage]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GetStage]:
    """Gives a page its stage; those of other pages are closed first."""
    stages: dict[Path, Stage] = {}
    with ExitStack() as stack:

        def get(page: Path) -> Stage:
            if page not in stages:
                stack.close()
                stages.clear()
                folder = tmp_path_factory.mktemp(page.stem)
                furnish(folder)
                server = Server(folder / "server.log", {"ANALYTICS_DATA_DIR": str(folder / "data")})
                stages[page] = Stage(stack.enter_context(server), folder)
            return stages[page]

        yield get


def furnish(folder: Path) -> None:
    """Create the files that examples expect: an access log, the command, and strict settings of curl and node."""
    then = datetime.now(UTC) - timedelta(hours=30)
    log = "".join(
        f"192.0.2.{n % 9} - - [{then + timedelta(minutes=n):%d/%b/%Y:%H:%M:%S %z}] "
        f'"GET /products/{n % 4}?page={n} HTTP/1.1" {500 if n % 20 == 0 else 200} 512 "-" "agent"\n'
        for n in range(1, 100)
    )
    (folder / "access.log").write_text(log)
    (folder / "access.log.gz").write_bytes(gzip.compress(log.encode()))
    (folder / ".curlrc").write_text(CURLRC)
    (folder / "browser.mjs").write_text(BROWSER)
    command = folder / "bin" / "analytics"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m analytics "$@"\n')
    command.chmod(0o755)


def command(block: Block, text: str, folder: Path) -> list[str]:
    if block.language == "bash":
        tool("curl")
        return ["bash", "-euo", "pipefail", "-c", text]
    suffix = {"go": "go", "python": "py", "javascript": "mjs"}[block.language]
    script = folder / f"line{block.line}.{suffix}"
    script.write_text(text)
    if block.language == "go":
        return [str(compiled(script))]
    if block.language == "python":
        return [sys.executable, str(script)]
    return [tool("node"), "--no-warnings", "--experimental-websocket", "--import", "./browser.mjs", str(script)]


def compiled(script: Path) -> Path:
    """Compile a Go file that needs only Go's standard library; returns the program."""
    program, environment = script.with_suffix(""), {**os.environ, "GO111MODULE": "off", "GOTOOLCHAIN": "local"}
    environment.update(GOCACHE=str(script.parent / "go-cache"), GOPATH=str(script.parent / "go"), GOFLAGS="")
    build = [tool("go"), "build", "-o", str(program), str(script)]
    done = subprocess.run(build, env=environment, capture_output=True, text=True, timeout=COMPILE_SECONDS)
    assert done.returncode == 0, done.stderr
    return program


def test_readme_and_the_tutorial_have_examples_that_run() -> None:
    pages = {block.page.name for block in BLOCKS}
    assert {"README.md", "tutorial.md", "http.md", "python.md", "javascript.md"} <= pages


@pytest.mark.parametrize("block", BLOCKS, ids=[block.place for block in BLOCKS])
def test_an_example_works_unchanged(stage: GetStage, block: Block) -> None:
    stage(block.page).play(block)


def run(server: Server, folder: Path, block: Block) -> None:
    """Run an example as a user would; any error fails the test."""
    address = urlsplit(server.url).netloc
    text = re.sub(r"(localhost|127\.0\.0\.1):8099", address, block.text)
    process = subprocess.Popen(
        command(block, text, folder),
        cwd=folder,
        env={
            **os.environ,
            "CURL_HOME": str(folder),
            "ANALYTICS_URL": server.url,
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=SECONDS)
        pytest.fail(f"still running after {SECONDS} s:\n{text}\n{output}")
    assert process.returncode == 0, f"{block.place}: exit {process.returncode}\n{text}\n{output}"
