"""A program to be traced: it records events in a directory with a long-term store, and writes their ids to /dev/null.

Run as: python -m tests.store.power_writer DIRECTORY DURABILITY
"""

import os
import sys
import time
from pathlib import Path

from tests.state.rig import DAY, event
from tests.store.rig import Keeping

BATCHES, EVENTS = 8, 3


def main(directory: Path, durability: str) -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    with Keeping(directory, options={"seconds": 0.05, "records": 5}, durability=durability) as disk:
        for batch in range(BATCHES):
            ids = [f"e{batch * EVENTS + place}" for place in range(EVENTS)]
            disk.events(*(event(id=id_, at=time.time() - DAY * (place % 2)) for place, id_ in enumerate(ids)))
            for id_ in ids:
                os.write(null, id_.encode())
            disk.until(lambda: disk.client.status.upto >= disk.log.position)
            if batch % 4 == 3:
                assert disk.save()  # prunes the journal up to where files reach


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
