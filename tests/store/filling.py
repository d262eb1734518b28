"""A store process for tests on a disk that will soon be full."""

from analytics.store.files.space import DiskRoom
from analytics.store.process import keeper, main, operations
from tests.store.mortal import all_events

if __name__ == "__main__":
    keeper.room = lambda _: DiskRoom(1_000, 149)
    keeper.ROOM_SECONDS = 0.1
    operations.STORE_OPERATIONS["events"] = all_events
    main.main()
