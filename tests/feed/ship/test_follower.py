"""Following files: rotation by renaming and by truncation, files that appear later, and runs that continue others."""

import json
import os
import random
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from analytics.feed.ship.follower import GRACE_SECONDS, Follower
from analytics.feed.ship.places import SHORT, FilePlace, StateError, StateFile
from analytics.feed.ship.tail import LONGEST


class Agent:
    """Reads lines and acknowledges them; `kill` forgets what was not kept, as `kill -9` does."""

    def __init__(self, patterns: list[str], from_start: bool = False) -> None:
        self.patterns, self.from_start = patterns, from_start
        self.now = 0.0
        self.received: dict[str, bytes] = {}
        self.said: list[str] = []
        self.places: list[FilePlace] | None = None
        self._tokens = map(str, count())
        self.start()

    def start(self) -> None:
        self.follower = Follower(
            self.patterns,
            self.places,
            from_start=self.from_start,
            clock=lambda: self.now,
            new_token=lambda: next(self._tokens),
            say=self.said.append,
        )
        self.follower.scan()
        self.places = self.follower.places()

    def read(self, most: int = 1000, *, answered: bool = True, scan: bool = True) -> int:
        """Read and send up to `most` lines; unless `answered`, the service has them but the agent does not know."""
        if scan:
            self.follower.scan()
        lines = self.follower.read(most)
        self.places = self.follower.places()
        for line in lines:
            self.received.setdefault(f"{line.token}-{line.start}-{line.end}", line.raw)
        if answered:
            for line in lines:
                line.tail.acknowledge(line.token, line.end)
            self.places = self.follower.places()
        return len(lines)

    def kill(self) -> None:
        self.follower.close()
        self.start()

    @property
    def lines(self) -> list[str]:
        return sorted(raw.decode() for raw in self.received.values())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def make() -> Iterator[Callable[..., Agent]]:
    agents: list[Agent] = []

    def agent(*patterns: object, from_start: bool = False) -> Agent:
        agents.append(Agent([str(pattern) for pattern in patterns], from_start))
        return agents[-1]

    yield agent
    for each in agents:
        each.follower.close()


def add(path: Path, *lines: str, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("\n".join(lines) + end)


def test_a_file_is_followed_from_its_end_by_whole_lines(log: Path, make: Callable[..., Agent]) -> None:
    add(log, "old", "part", end="")
    agent = make(log)
    add(log, "ial", "new", "un", end="")
    agent.read()
    assert agent.lines == ["new", "partial"]
    add(log, "finished")
    agent.read()
    assert agent.lines == ["new", "partial", "unfinished"]


def test_what_is_there_is_sent_if_asked(log: Path, make: Callable[..., Agent]) -> None:
    log.write_bytes(b"one\r\n\ntwo\n")
    agent = make(log, from_start=True)
    agent.read()
    assert agent.lines == ["", "one", "two"]


def test_files_that_appear_later_are_read_from_their_start(tmp_path: Path, make: Callable[..., Agent]) -> None:
    add(tmp_path / "a.log", "old")
    agent = make(tmp_path / "**" / "*.log")
    (tmp_path / "deep").mkdir()
    add(tmp_path / "deep" / "b.log", "new")
    add(tmp_path / "c.log.gz", "compressed")
    agent.read()
    assert agent.lines == ["new"]


def test_a_renamed_file_is_read_to_its_end_also_if_it_is_deleted(log: Path, make: Callable[..., Agent]) -> None:
    agent = make(log)
    add(log, "1")
    agent.read()
    add(log, "2")
    log.rename(log.with_suffix(".1"))
    add(log.with_suffix(".1"), "3")
    add(log, "4")
    agent.read()
    add(log.with_suffix(".1"), "5", "six", end="")
    log.with_suffix(".1").unlink()
    agent.read()
    assert agent.lines == ["1", "2", "3", "4", "5"]
    agent.now += GRACE_SECONDS
    agent.read()
    agent.read()
    assert agent.lines == ["1", "2", "3", "4", "5", "six"]
    assert [tail.path.name for tail in agent.follower.tails.values()] == ["app.log"]


def test_a_truncated_file_is_read_from_its_start(log: Path, make: Callable[..., Agent]) -> None:
    agent = make(log, from_start=True)
    add(log, "same", "1")
    agent.read()
    log.write_text("same\n2\n3\n")  # longer than what was read: only its content tells
    agent.read()
    assert agent.lines == ["1", "2", "3", "same", "same"]


def test_what_a_copy_has_beyond_the_place_is_not_lost(log: Path, make: Callable[..., Agent]) -> None:
    agent = make(log, from_start=True)
    add(log, "1")
    agent.read()
    add(log, "2", "three", end="")
    Path(f"{log}.1").write_bytes(log.read_bytes())
    log.write_text("4\n")
    agent.read()
    agent.read()
    assert agent.lines == ["1", "2", "4", "three"]


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("how", ["rename", "copy"])
def test_a_rotation_while_no_agent_runs_loses_and_repeats_nothing(
    tmp_path: Path, make: Callable[..., Agent], pattern: str, how: str
) -> None:
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    agent = make(tmp_path / pattern)
    add(log, "1")
    agent.read()
    add(log, "2")
    agent.read(answered=False)
    add(log, "3")
    if how == "rename":
        log.rename(old)
    else:
        old.write_bytes(log.read_bytes())
        log.write_text("")
    add(log, "4")
    agent.kill()
    agent.read()
    agent.read()
    assert agent.lines == ["1", "2", "3", "4"]
    assert agent.said == []


def test_a_file_that_is_gone_at_the_start_is_reported(log: Path, make: Callable[..., Agent]) -> None:
    agent = make(log)
    add(log, "1")
    agent.read()
    log.unlink()
    agent.kill()
    assert agent.said == [f"{log} was removed; what was written to it beyond byte 2 is lost"]


def test_a_long_line_becomes_several(log: Path, make: Callable[..., Agent]) -> None:
    agent = make(log)
    log.write_bytes(b"x" * (LONGEST + 10) + b"\nend\n")
    agent.read()
    assert [len(raw) for raw in agent.received.values()] == [LONGEST, 10, 3]


def test_a_busy_file_does_not_hold_up_others(tmp_path: Path, make: Callable[..., Agent]) -> None:
    agent = make(tmp_path / "*.log")
    add(tmp_path / "a.log", *map(str, range(100)))
    add(tmp_path / "b.log", "other")
    agent.read(10)
    agent.read(10)
    assert "other" in agent.lines


@pytest.mark.parametrize("seed", range(30))
def test_each_line_arrives_once_whatever_happens(tmp_path: Path, make: Callable[..., Agent], seed: int) -> None:
    """Writes, rotations of both kinds, lost answers and kills in any order; lines are unique."""
    rng = random.Random(seed)
    log = tmp_path / "app.log"
    agent = make(tmp_path / rng.choice(["app.log", "app.log*"]))
    written: list[str] = []
    rotations = 0

    def write() -> None:
        lines = [f"{len(written) + n} {'x' * rng.randrange(80)}" for n in range(rng.randrange(1, 30))]
        written.extend(lines)
        add(log, *lines)

    def rotate(by_copy: bool) -> None:
        nonlocal rotations
        if not log.exists() or not log.stat().st_size:
            return
        agent.read(0)  # a file that is rotated before it was ever seen is not known
        if by_copy:
            tail = next(tail for tail in agent.follower.tails.values() if tail.path == log and tail.gone_at is None)
            if not tail.offset:  # nothing of it is known by which the copy could be recognised
                return
        rotations += 1
        old = Path(f"{log}.{rotations}")
        if by_copy:
            old.write_bytes(log.read_bytes())
            os.truncate(log, 0)
            agent.read(0)
        else:
            log.rename(old)
            log.touch()
            agent.read(0)

    steps: list[Callable[[], object]] = [
        write,
        write,
        lambda: rotate(by_copy=False),
        lambda: rotate(by_copy=True),
        lambda: agent.read(rng.randrange(1, 40)),
        lambda: agent.read(rng.randrange(1, 40), scan=False),
        lambda: agent.read(rng.randrange(1, 40), answered=False) and agent.kill(),
        agent.kill,
    ]
    for _ in range(60):
        rng.choice(steps)()
    while agent.read():
        pass
    assert agent.lines == sorted(written)


def test_the_state_file_keeps_places_and_belongs_to_one_process(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    state = StateFile(path)
    assert state.read() is None
    places = [FilePlace("/a.log", 1, 2, "token", 3, "check")]
    state.write(places)
    assert state.read() == places
    with pytest.raises(StateError, match="another process uses"):
        StateFile(path)
    state.close()
    StateFile(path).close()


@pytest.mark.parametrize("offset", [4, 1 << 40, 1 << 80])
def test_a_place_that_no_file_has_is_not_gone_on_from(log: Path, make: Callable[..., Agent], offset: int) -> None:
    agent = make(log)
    add(log, "1", "2")
    status = log.stat()
    agent.places = [FilePlace(str(log), status.st_dev, status.st_ino, "token", offset, SHORT)]
    agent.kill()
    agent.read()
    assert agent.lines == ["1", "2"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "files": []}', '{"version": 1, "files": [{}]}'])
def test_a_damaged_state_file_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    state = StateFile(path)
    with pytest.raises(StateError, match="cannot be read"):
        state.read()
    state.close()


def test_a_place_of_a_wrong_type_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    place = FilePlace("/a", 1, 2, "t", 3, "c")._asdict() | {"offset": "3"}
    path.write_text(json.dumps({"version": 1, "files": [place]}))
    state = StateFile(path)
    with pytest.raises(StateError, match="cannot be read"):
        state.read()
    state.close()
