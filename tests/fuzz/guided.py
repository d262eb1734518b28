"""Fuzzes decoders with atheris, which prefers inputs that reach new code."""

import hashlib
import os
import re
import resource
import sys
from pathlib import Path
from typing import NoReturn

import atheris

from tests.fuzz.decoder import TOKENS, Decoder, fault

MEMORY_MIB, HANG_SECONDS = 1024, 60
CPU_SECONDS = 1_800
"""Limit for one decoder: not by the clock, as other processes may have most of the machine."""
MOST_WORDS = 500
INSTRUMENTED = ["analytics", "authlib", "engineio", "joserfc", "simple_websocket", "socketio", "wsproto"]

with atheris.instrument_imports(include=INSTRUMENTED):
    from tests.fuzz.table import FAMILIES


def fuzz(family: str, name: str, cases: int, seed: int, place: Path) -> NoReturn:
    """Fuzz one decoder, and end the process.

    A fault does not end it, and the same fault is kept once; what ends the process earlier (a crash, a hang, all
    memory, too much time) is a fault of its own.

    Args:
        place: a directory: `corpus` in it gets the inputs that reach new code, `faults` those that cause a fault, and
            `cases` the number of cases at the end.
    """
    corpus, faults, count = (place / part for part in ("corpus", "faults", "cases"))
    (decoder,) = [decoder for decoder in FAMILIES[family]() if decoder.name == name]
    for directory in (corpus, faults):
        directory.mkdir()
    for number, data in enumerate(decoder.seeds):
        (corpus / str(number)).write_bytes(data)
    write_dictionary(decoder, place / "dictionary")
    options = [
        f"-dict={place}/dictionary",
        f"-max_len={decoder.size}",
        f"-seed={seed}",
        f"-timeout={HANG_SECONDS}",
        f"-report_slow_units={HANG_SECONDS}",  # by the clock, too: `fault` limits CPU time
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-artifact_prefix={faults}/",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], Cases(decoder, cases, faults, count))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + (MEMORY_MIB << 20), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, resource.RLIM_INFINITY))
    atheris.Fuzz()
    raise AssertionError("Fuzz does not return")


def write_dictionary(decoder: Decoder, path: Path) -> None:
    """Write the words of the seeds, and the tokens, for libFuzzer to put into inputs."""
    words = {word for seed in decoder.seeds for word in re.findall(rb'"[^"]{1,30}"|[\w.%-]{2,30}', seed[:4096])}
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in (*TOKENS, *sorted(words)[:MOST_WORDS]))
    path.write_text("".join(f'"{word}"\n' for word in escaped))


class Cases:
    """Tries inputs, up to a number of them, then ends the process.

    Args:
        faults: the directory for inputs that cause a fault.
        done: the file for the number of cases.
    """

    def __init__(self, decoder: Decoder, most: int, faults: Path, done: Path) -> None:
        self._decoder, self._most, self._faults, self._done = decoder, most, faults, done
        self._count = 0
        self._places: set[str] = set()

    def __call__(self, data: bytes) -> None:
        found = fault(self._decoder, data, is_timed=True)
        if found is not None and found.place not in self._places:
            self._places.add(found.place)
            path = self._faults / hashlib.sha256(data).hexdigest()[:16]
            path.write_bytes(data)
            path.with_suffix(".txt").write_text(found.details)
        self._count += 1
        if self._count == self._most:
            self._done.write_text(str(self._count))
            os._exit(0)  # libFuzzer takes any other end for a crash
