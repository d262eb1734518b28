"""Simulated power cuts: files are rebuilt from a trace of the system calls that wrote them.

Synced data is there. Of the rest, any write or truncation may be missing, and a write may be torn at the sectors of
the disk. Of the names that were created, renamed and removed since the last sync of their folder, the last changes
may be missing.
"""

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from analytics.log.disk.file import FILE_NAME
from tests.edge.wire import cannot_test
from tests.server import ROOT

SECTOR = 512
SUFFIXES = ("", "-wal", ".new", ".new-journal", ".new-wal")
CALLS = "pwrite64,write,fdatasync,fsync,ftruncate,openat,rename,unlink,mkdir"
UNTRACED = ("-shm", "lock")
"""Endings of files that say nothing after a power cut."""
SECONDS = 60


class Call(NamedTuple):
    """A successful system call on the file or folder `name` below the directory; empty for the directory itself."""

    what: str
    name: str
    data: bytes = b""
    number: int = 0


def traced(
    strace: str, module: str, directory: Path, durability: str, log: Path, *, is_all: bool = False
) -> list[Call]:
    """The calls of a program on the database in `directory`, or on everything in it with `is_all`.

    The program writes acknowledged ids to /dev/null.
    """
    paths = [directory, Path("/dev/null"), *(directory / f"{FILE_NAME}{suffix}" for suffix in SUFFIXES)]
    if is_all:
        paths = []
    watched = [option for path in paths for option in ("-P", str(path))]
    program = [sys.executable, "-m", module, str(directory), durability]
    done = subprocess.run(
        [strace, "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", *watched, "-o", str(log), *program],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # the trace would have the compiled modules
        timeout=SECONDS,
        capture_output=True,
        text=True,
    )
    if "PTRACE" in done.stderr:
        cannot_test(f"strace can trace nothing here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return list(_calls(log.read_text().splitlines(), directory))


def _calls(lines: list[str], directory: Path) -> Iterator[Call]:
    begun: dict[str, str] = {}
    for each in lines:
        process, _, line = each.partition(" ")
        line = line.strip()
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", line)
        if resumed:
            line = begun.pop(process) + resumed[1]
        called = re.match(r"(\w+)\((.*)\)\s+= (\d+)", line)
        if called:
            yield from _call(called[1], called[2], directory)


def _call(what: str, arguments: str, directory: Path) -> Iterator[Call]:
    texts = [_decoded(text) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)]
    opened = re.match(r"\d+<([^>]*)>", arguments)
    path = (_decoded(opened[1]) if "\\x" in opened[1] else opened[1].encode()) if opened else texts[0]
    if path != b"/dev/null" and path.decode() != str(directory) and not path.startswith(bytes(directory) + b"/"):
        return
    name = path.decode().removeprefix(str(directory)).removeprefix("/")
    if name.endswith(UNTRACED):
        return
    last = arguments.split()[-1]
    if what == "write":
        assert path == b"/dev/null", name
        yield Call("acknowledged", "", texts[0])
    elif what == "pwrite64":
        yield Call("write", name, texts[0], int(last))
    elif what == "ftruncate":
        yield Call("truncate", name, number=int(last))
    elif what in ("fsync", "fdatasync"):
        yield Call("sync", name)
    elif what == "rename":
        yield Call("rename", name, texts[1].removeprefix(bytes(directory)).removeprefix(b"/"))
    elif what in ("unlink", "mkdir"):
        yield Call(what, name)
    elif "O_CREAT" in arguments:
        yield Call("create", name)


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class _File:
    """A file as of its last sync, and the calls since then."""

    def __init__(self) -> None:
        self.synced = bytearray()
        self.pending: list[Call] = []

    def sync(self) -> None:
        for call in self.pending:
            _apply(self.synced, call)
        self.pending = []

    def cut(self, rng: random.Random) -> bytes:
        """A possible content after a power cut."""
        content, share = bytearray(self.synced), rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for call in self.pending:
            if rng.random() < share:
                torn = call.what == "write" and rng.random() < 0.2
                for part in _sectors(call, rng) if torn else [call]:
                    _apply(content, part)
        return bytes(content)


def _apply(content: bytearray, call: Call) -> None:
    size = call.number + len(call.data)
    if call.what == "truncate":
        del content[size:]
    content.extend(bytes(max(size - len(content), 0)))
    content[call.number : size] = call.data


def _sectors(call: Call, rng: random.Random) -> Iterator[Call]:
    """Random sectors of a write."""
    start, end = call.number, call.number + len(call.data)
    edges = [start, *range(start - start % SECTOR + SECTOR, end, SECTOR), end]
    for begin, stop in pairwise(edges):
        if rng.random() < 0.5:
            yield Call("write", call.name, call.data[begin - start : stop - start], begin)


class Power:
    """A directory on a disk, changed call by call."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self._names: dict[str, _File | None] = {"": None}
        self._synced_names: dict[str, _File | None] = {"": None}
        """None for folders."""
        self._pending_names: dict[str, list[Callable[[dict[str, _File | None]], object]]] = {}
        """Changes of names, by the folder that they are in."""

    def call(self, call: Call) -> None:
        """Apply a call of the program."""
        what, name = call.what, call.name
        if what == "acknowledged":
            self.acknowledged.append(call.data.decode())
        elif what in ("write", "truncate"):
            file = self._names[name]
            assert file is not None
            file.pending.append(call)
        elif what == "sync":
            synced = self._names[name]
            if synced is not None:
                synced.sync()
            else:
                for change in self._pending_names.pop(name, []):
                    change(self._synced_names)
        elif what in ("create", "mkdir") and name not in self._names:
            made = _File() if what == "create" else None
            self._change(name, lambda names: names.__setitem__(name, made))
        elif what == "rename":
            new = call.data.decode()
            self._change(name, lambda names: names.__setitem__(new, names.pop(name)))
        elif what == "unlink":
            self._change(name, lambda names: names.pop(name))

    def _change(self, name: str, change: Callable[[dict[str, _File | None]], object]) -> None:
        change(self._names)
        self._pending_names.setdefault(_folder(name), []).append(change)

    def cut(self, rng: random.Random, directory: Path) -> None:
        """Write into `directory` what a power cut now may leave."""
        names = dict(self._synced_names)
        for changes in self._pending_names.values():
            for change in changes[: rng.randint(0, len(changes))]:
                change(names)
        for name, file in sorted(names.items()):
            if name and (directory / _folder(name)).is_dir():  # else the folder is missing, and all in it
                (directory / name).mkdir() if file is None else (directory / name).write_bytes(file.cut(rng))


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
