"""Fuzzes the decoders, each in a process of its own: `python -m tests.fuzz [--cases N] [NAME ...]`.

Prints a line for each decoder, and exits with 1 if there was a fault. Inputs that caused one, with its details, are in
.cache/fuzz/NAME/faults; `python -m tests.fuzz --input FILE NAME` tries one again.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.decoder import Decoder, fault
from tests.fuzz.table import FAMILIES

FOUND = Path(".cache/fuzz")
MOST_SECONDS = 1_800
"""Limit for one decoder."""


def main() -> int:
    """Fuzz, or try one input again."""
    parser = argparse.ArgumentParser(description="Fuzz the decoders.")
    parser.add_argument("--cases", type=int, default=100_000, help="inputs for each decoder")
    parser.add_argument("--seed", type=int, default=0, help="seed of the inputs; 0 for a random one")
    parser.add_argument("--input", type=Path, help="try the one input in this file instead")
    parser.add_argument("names", nargs="*", metavar="NAME", help="decoders; default: all")
    asked = parser.parse_args()
    table = {decoder.name: (family, decoder) for family, make in FAMILIES.items() for decoder in make()}
    names = asked.names or list(table)
    if asked.input is not None:
        return max(_try(table[name][1], asked.input) for name in names)
    return max(_fuzz(table[name][0], name, asked.cases, asked.seed) for name in names)


def _try(decoder: Decoder, path: Path) -> int:
    found = fault(decoder, path.read_bytes(), is_timed=True)
    print("no fault" if found is None else found.details)
    return found is not None


def _fuzz(family: str, name: str, cases: int, seed: int) -> int:
    """Fuzz one decoder, and print its line."""
    directory = FOUND / name.replace(" ", "-")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    started = time.monotonic()
    with (directory / "log").open("wb") as log:
        command = [sys.executable, "-m", "tests.fuzz.guided", family, name, str(cases), str(seed), directory]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            code = process.wait(MOST_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()
    cases_file, faults_folder = directory / "cases", directory / "faults"
    count = int(cases_file.read_text()) if cases_file.exists() else 0
    faults = [path for path in faults_folder.glob("*") if path.suffix != ".txt"]
    print(f"{name:28} {count:9,} cases {time.monotonic() - started:7.1f} s {len(faults):3} found", flush=True)
    if faults or count < cases:
        print(f"  exit code {code}: see {directory}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
