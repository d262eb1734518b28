"""Fuzzes the decoders, each in a process of its own: `python -m tests.fuzz [--cases N] [--resume] [NAME ...]`.

Prints a line for each decoder, and exits with 1 if there was a fault. Inputs that caused one, with its details, are in
.cache/fuzz/NAME/faults; `python -m tests.fuzz --input FILE NAME` tries one again.
"""

import argparse
import os
import shutil
import sys
import time
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.decoder import fault

FOUND = Path(".cache/fuzz")
PROCESSES = get_context("fork")
"""Preparing code for fuzzing as it is imported is slow, so it is done once, and each process is a copy of this one."""


def main() -> int:
    """Fuzz, or try one input again."""
    parser = argparse.ArgumentParser(description="Fuzz the decoders.")
    parser.add_argument("--cases", type=int, default=100_000, help="inputs for each decoder")
    parser.add_argument("--seed", type=int, default=0, help="seed of the inputs; 0 for a random one")
    parser.add_argument(
        "--resume", action="store_true", help="leave out decoders that had as many inputs without a fault before"
    )
    parser.add_argument("--input", type=Path, help="try the one input in this file instead")
    parser.add_argument("names", nargs="*", metavar="NAME", help="decoders; default: all")
    asked = parser.parse_args()
    if asked.input is not None:
        return _try(asked.names, asked.input)
    from tests.fuzz.guided import FAMILIES

    with PROCESSES.Pool(1) as pool:
        table = {name: family for family in FAMILIES for name in pool.apply(_names, (family,))}
    wanted = [name for name in asked.names or table if not (asked.resume and is_done(_place(name), asked.cases))]
    return max((_fuzz(table[name], name, asked.cases, asked.seed) for name in wanted), default=0)


def is_done(place: Path, cases: int) -> bool:
    """Whether a decoder, whose results are in `place`, had so many inputs without a fault."""
    count = place / "cases"
    return count.exists() and int(count.read_text()) >= cases and not any((place / "faults").iterdir())


def _place(name: str) -> Path:
    return FOUND / name.replace(" ", "-")


def _try(names: list[str], path: Path) -> int:
    """Try one input, and print what it does."""
    from tests.fuzz.table import FAMILIES

    table = {decoder.name: decoder for make in FAMILIES.values() for decoder in make()}
    found = [fault(table[name], path.read_bytes(), is_timed=True) for name in names]
    for one in found:
        print("no fault" if one is None else one.details)
    return any(found)


def _names(family: str) -> list[str]:
    """Names of the decoders of a family."""
    from tests.fuzz.table import FAMILIES

    return [decoder.name for decoder in FAMILIES[family]()]


def _fuzz(family: str, name: str, cases: int, seed: int) -> int:
    """Fuzz one decoder, and print its line."""
    directory = _place(name)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    started = time.monotonic()
    process = PROCESSES.Process(target=_guided, args=(family, name, cases, seed, directory))
    process.start()
    try:
        process.join()
    finally:
        process.kill()
    cases_file, faults_folder = directory / "cases", directory / "faults"
    count = int(cases_file.read_text()) if cases_file.exists() else 0
    faults = [path for path in faults_folder.glob("*") if path.suffix != ".txt"]
    print(f"{name:28} {count:9,} cases {time.monotonic() - started:7.1f} s {len(faults):3} found", flush=True)
    if faults or count < cases:
        print(f"  exit code {process.exitcode}: see {directory}", flush=True)
        return 1
    return 0


def _guided(family: str, name: str, cases: int, seed: int, directory: Path) -> None:
    """Fuzz in this process, with a log in the directory."""
    from tests.fuzz.guided import fuzz

    with (directory / "log").open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    fuzz(family, name, cases, seed, directory)


if __name__ == "__main__":
    sys.exit(main())
