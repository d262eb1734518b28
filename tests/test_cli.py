"""The command line as a user meets it: help, receipts, exit codes and one-line errors."""

import bz2
import gzip
import json
import lzma
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.feed.fake_service import Answer, FakeService, fake_service

WHOLE = '192.0.2.{n} - - [17/May/2015:10:05:{n:02d} +0000] "GET /a?n={n} HTTP/1.1" 200 203 "-" "agent"\n'
LOG = "".join(WHOLE.format(n=n) for n in range(1, 6)) + WHOLE.format(n=6)[:-3] + "\n"


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(LOG)
    return path


@pytest.fixture
def dead_url() -> Iterator[str]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


def run(*args: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], env=env)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "Commands:"),
        (("--help",), "replay         Send an access log as `request` events."),
        (("replay", "--help"), "ANALYTICS_URL"),
        (("demo", "--help"), "--rate"),
    ],
)
def test_help_lists_the_commands(args: tuple[str, ...], words: str) -> None:
    assert words in run(*args).output


def test_damaged_lines_are_reported_but_not_a_failure(service: FakeService, log: Path) -> None:
    result = run("replay", log, "--url", service.url)
    assert result.exit_code == 0
    assert "lines read              6\naccepted                5\n" in result.stdout
    assert "rejected                1   (1 damaged, 0 refused by the service)" in result.stdout
    assert "line 6: damaged_line: the quotes around the user agent are never closed" in result.stdout
    assert result.stderr == ""


def test_the_receipt_can_be_printed_as_json(service: FakeService, log: Path) -> None:
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    result = run("replay", packed, "--json", "--batch", 2, env={"ANALYTICS_URL": service.url})
    receipt = json.loads(result.stdout)
    assert (receipt["lines"], receipt["accepted"], receipt["damaged"], receipt["error"]) == (6, 5, 1, None)
    assert receipt["shift_days"] > 3_000
    assert service.calls == [("POST", "/events")] * 3


def test_without_zstandard_the_error_names_the_extra(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_bytes(zstandard.compress(LOG.encode()))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    result = run("replay", log)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: cannot read {log}: ")
    assert "pip install 'analytics-dashboard[zstd]'" in result.stderr


def test_times_and_addresses_are_sent_as_the_options_say(service: FakeService, log: Path) -> None:
    run("replay", log, "--url", service.url, "--rebase", "none", "--raw-addresses", "--service", "shop")
    first = next(iter(service.items.values()))
    assert first["timestamp"] == "2015-05-17T10:05:01Z"
    assert (first["user_id"], first["service"]) == ("192.0.2.1", "shop")


def test_each_run_has_its_own_ids_and_a_salt_keeps_visitors(service: FakeService, log: Path) -> None:
    for salt in ("one", "one", "two"):
        assert run("replay", log, "--url", service.url, "--salt", salt).exit_code == 0
    assert len(service.items) == 15
    assert len({event["user_id"] for event in service.items.values()}) == 10


def test_lines_refused_by_the_service_are_listed_and_fail_the_run(service: FakeService, log: Path) -> None:
    errors = [{"index": 1, "code": "timestamp_too_old", "message": "older than 90 days", "field": "timestamp"}]
    service.script = [Answer(200, body={"accepted": 4, "duplicates": 0, "rejected": 1, "errors": errors})]
    result = run("replay", log, "--url", service.url, "--rebase", "none")
    assert result.exit_code == 1
    assert "line 2: timestamp_too_old: older than 90 days" in result.stdout


def test_an_unreachable_service_is_one_clear_line(dead_url: str, log: Path) -> None:
    result = run("replay", log, "--url", dead_url, "--patience", 0)
    assert result.exit_code == 1
    assert result.output == f"Error: cannot reach {dead_url}: connection refused\n"


def test_a_receipt_is_printed_if_the_service_fails_during_a_replay(service: FakeService, log: Path) -> None:
    errors = Answer(200, body={"accepted": 2, "duplicates": 0, "rejected": 0, "errors": []})
    service.script = [errors, Answer(404)]
    result = run("replay", log, "--url", service.url, "--batch", 2)
    assert result.exit_code == 1
    assert "unconfirmed             2" in result.stdout
    assert result.stderr == f"Error: {service.url} refuses POST /events: HTTP 404, Not Found\n"


@pytest.mark.parametrize("text", ["", "\n \n\n"])
def test_an_empty_log_is_a_failure(service: FakeService, tmp_path: Path, text: str) -> None:
    (tmp_path / "empty.log").write_text(text)
    result = run("replay", tmp_path / "empty.log", "--url", service.url)
    assert result.exit_code == 1
    assert result.stderr == f"Error: no line of {tmp_path / 'empty.log'} could be read: it is empty\n"


def test_a_log_with_only_a_header_is_not_a_failure(service: FakeService, tmp_path: Path) -> None:
    (tmp_path / "quiet.log").write_text("#Software: IIS\n#Fields: date time c-ip cs-method cs-uri-stem sc-status\n")
    result = run("replay", tmp_path / "quiet.log", "--url", service.url)
    assert result.exit_code == 0
    assert result.stderr == f"{tmp_path / 'quiet.log'} holds no requests, only comments\n"


def test_a_log_in_another_format_than_given_is_an_error(service: FakeService, log: Path) -> None:
    result = run("replay", log, "--url", service.url, "--format", "$remote_addr|$time_iso8601|$status")
    assert result.exit_code == 1
    assert "which is not in the format that --format gives" in result.stderr
    assert service.items == {}


def test_a_truncated_gzip_file_sends_nothing(service: FakeService, tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(LOG.encode())[:-9])
    result = run("replay", path, "--url", service.url)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: cannot read {path} beyond line")
    assert service.calls == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--url", "localhost:8099"), "'localhost:8099' is not like http://host:port"),
        (("--url", "http://[::1"), "is not like http://host:port"),
        (("--speed", "0"), "'0' is neither 'max' nor a number above 0"),
        (("--speed", "nan"), "'nan' is neither 'max' nor a number above 0"),
        (("--batch", "10001"), "10001"),
    ],
)
def test_a_wrong_option_is_explained(log: Path, args: tuple[str, ...], message: str) -> None:
    result = run("replay", log, *args)
    assert result.exit_code == 2
    assert message in result.output


def test_the_demo_runs_for_its_duration_and_prints_a_summary(service: FakeService) -> None:
    result = run("demo", "--url", service.url, "--duration", "0", "--no-history")
    assert result.exit_code == 0
    assert "the shop is open" in result.stderr


def test_the_demo_at_a_wrong_address_is_one_clear_line(service: FakeService) -> None:
    service.script = [Answer(404)]
    result = run("demo", "--url", service.url)
    assert result.exit_code == 1
    assert result.output == f"Error: {service.url} refuses GET /health: HTTP 404, Not Found\n"


LINE = b'203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 "-" "%b"\n'
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda text: zstandard.ZstdCompressor().compress(text),
    "utf-16": lambda text: text.decode().encode("utf-16"),
    "utf-16 in gz": lambda text: gzip.compress(b"\xfe\xff" + text.decode().encode("utf-16-be")),
    "bom": lambda text: b"\xef\xbb\xbf" + text,
}


@pytest.mark.parametrize("packed", PACKED)
def test_a_log_is_read_in_any_compression(packed: str, service: FakeService, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(PACKED[packed]((LINE % b"UA") * 3))
    result = run("replay", path, "--url", service.url)
    assert result.exit_code == 0, result.output
    assert [event["data"]["endpoint"] for event in service.items.values()] == ["/a"] * 3


def replayed_from_standard_input(url: str, *options: str, **standard_input: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "analytics", "replay", "-", "--url", url, *options]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **standard_input)


@pytest.mark.parametrize("rebase", ["now", "none"])
@pytest.mark.parametrize("packed", ["plain", "gz", "zst"])
def test_standard_input_is_read_from_a_pipe_and_from_a_file(
    packed: str, rebase: str, service: FakeService, tmp_path: Path
) -> None:
    text = (LINE % b"UA") * 3
    content = text if packed == "plain" else PACKED[packed](text)
    (tmp_path / "log").write_bytes(content)
    done = replayed_from_standard_input(service.url, "--rebase", rebase, input=content)
    assert done.returncode == 0, done.stderr
    assert len(service.items) == 3
    with (tmp_path / "log").open("rb") as file:
        done = replayed_from_standard_input(service.url, "--rebase", rebase, stdin=file)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(service.items) == 6


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst"])
def test_a_truncated_or_damaged_compressed_log_is_an_error(packed: str, service: FakeService, tmp_path: Path) -> None:
    whole = PACKED[packed](b"".join(LINE % str(number**5).encode() for number in range(5_000)))
    middle = len(whole) // 2
    for name, content in (("cut", whole[:middle]), ("damaged", whole[:middle] + b"\0" * 64 + whole[middle + 64 :])):
        path = tmp_path / name
        path.write_bytes(content)
        result = run("replay", path, "--url", service.url)
        assert result.exit_code == 1, (name, result.output)
        assert result.stderr.startswith(f"Error: cannot read {path} beyond line")
        assert service.items == {}


@pytest.mark.parametrize(
    "content", [b"root:x:0:0:root:/root:/bin/bash\n" * 5, bytes(range(256)) * 4, b'{"a":1}\n', b"# a comment\n"]
)
def test_an_unreadable_file_is_an_error_that_describes_it(content: bytes, service: FakeService, tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    path.write_bytes(content)
    result = run("replay", path, "--url", service.url)
    assert result.exit_code == 1
    assert "could be read: " in result.stderr
    assert service.items == {}


@pytest.mark.parametrize(("bots", "sent"), [("skip", [None]), ("mark", [None, True]), ("keep", [None, None])])
def test_bots_are_skipped_marked_or_kept(
    bots: str, sent: list[bool | None], service: FakeService, tmp_path: Path
) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(
        LINE % b"Mozilla/5.0 (X11; Linux x86_64)" + LINE % b"Googlebot/2.1 (+http://www.google.com/bot.html)"
    )
    result = run("replay", path, "--url", service.url, "--bots", bots)
    assert result.exit_code == 0
    assert [event["data"].get("bot") for event in service.items.values()] == sent
