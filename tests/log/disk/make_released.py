"""Makes the fixture of a release: a data directory as a killed service leaves it, and what the service answered.

Run once, with the release checked out, and commit what it writes:

    python -m tests.log.disk.make_released

It writes `data.tar.xz` and `answers.json.xz` to `tests/log/disk/released/VERSION`, which `test_released.py` opens with
every later version.
"""

import lzma
import random
import sys
import tarfile
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from analytics.version import VERSION
from tests.log.disk.acts import answers
from tests.log.disk.disk import Disk
from tests.log.disk.test_same_log import play
from tests.state.rig import plain

RELEASED = Path(__file__).parent / "released"
STEPS = 150
NOT_KEPT = ("lock", "-shm")
"""Files that a killed service leaves without any use."""


def make(folder: Path) -> None:
    """Write both files to `folder`, which is made."""
    folder.mkdir(parents=True)
    dice = random.Random(1)
    with TemporaryDirectory() as directory, ExitStack() as stack:
        disk = stack.enter_context(Disk(Path(directory), starts=True))
        play(disk, dice, STEPS)
        assert disk.save()
        play(disk, dice, STEPS)  # these are in the journal alone
        disk.event("request", id="known-id", data={"status": 503})
        answered = {"wall": disk.clock.wall(), "answers": plain(answers(disk))}
        with tarfile.open(folder / "data.tar.xz", "w:xz") as archive:
            for path in sorted(Path(directory).iterdir()):
                if not path.name.endswith(NOT_KEPT):
                    archive.add(path, path.name)
    (folder / "answers.json.xz").write_bytes(lzma.compress(msgspec.json.encode(answered)))


if __name__ == "__main__":
    made = RELEASED / VERSION
    make(made)
    sys.stdout.write(f"wrote {made}: commit it\n")
