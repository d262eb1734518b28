"""Keeps events in a directory as the service does, and tells /dev/null of each that is acknowledged: to be traced.

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

database.TIDY_BYTES = 120_000
disk_log.RETRY_SECONDS = 0.01
TOGETHER = 3
TEXT = "x" * 2_000


def main(directory: Path, durability: str) -> None:
    told = os.open("/dev/null", os.O_WRONLY)
    directory.mkdir()
    for first in (0, 100):
        with Disk(directory, durability, DiskLog) as disk:
            checkpoints = Checkpointer(disk.state, disk.image, disk.journal, disk.clock, disk.jobs)

            def record(number: int, disk: Disk = disk) -> None:
                for place in range(5):
                    id_ = f"e{number + place}"
                    disk.recorder.record(EVENTS, event(id=id_, user_id=id_, data={"text": TEXT[: 200 * place]}))
                    os.write(told, id_.encode())

            for number in range(first, first + 60, 5 * TOGETHER):
                writers = [gevent.spawn(record, number + 5 * place) for place in range(TOGETHER)]
                gevent.joinall(writers, raise_error=True)
                if number % 2:
                    assert checkpoints.save()
            disk.journal.doubt(disk.journal.database, OSError("on trial"))
            while disk.journal.trouble is not None:
                gevent.sleep(0.01)
            record(first + 60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
