"""A program to be traced: it records events in a directory, and writes acknowledged ids to /dev/null.

Run as: python -m tests.log.disk.power_writer DIRECTORY DURABILITY
"""

import os
import sys
from pathlib import Path

import gevent

from analytics.kinds import EVENTS
from analytics.log.disk import database
from analytics.log.disk import log as disk_log
from analytics.log.disk.checkpointer import Checkpointer
from analytics.log.disk.log import DiskLog
from tests.log.disk.plain_disk import Disk
from tests.state.rig import event

database.WAL_CHECKPOINT_BYTES = 120_000
disk_log.RETRY_SECONDS = 0.01
TOGETHER = 3
TEXT = "x" * 2_000


def main(directory: Path, durability: str) -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    directory.mkdir()
    for first in (0, 100):
        with Disk(directory, durability, DiskLog) as disk:
            checkpointer = Checkpointer(disk.state, disk.checkpoint, disk.log, disk.clock, disk.jobs)

            def record(number: int, disk: Disk = disk) -> None:
                for place in range(5):
                    id_ = f"e{number + place}"
                    disk.recorder.record(EVENTS, event(id=id_, user_id=id_, data={"text": TEXT[: 200 * place]}))
                    os.write(null, id_.encode())

            for number in range(first, first + 60, 5 * TOGETHER):
                writers = [gevent.spawn(record, number + 5 * place) for place in range(TOGETHER)]
                gevent.joinall(writers, raise_error=True)
                if number % 2:
                    assert checkpointer.save()
            disk.log.report_failure(disk.log.database, OSError("on trial"))
            while disk.log.failure is not None:
                gevent.sleep(0.01)
            record(first + 60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
