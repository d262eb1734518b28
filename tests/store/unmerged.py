"""A store process for tests in which every merge fails."""

from typing import Any

from analytics.store.process import keeper, main, operations, rewriter
from tests.store.mortal import all_events


def fails(*_: Any) -> bool:
    raise KeyError(0)


if __name__ == "__main__":
    rewriter.Rewriter._replace = fails  # type: ignore[method-assign]
    keeper.ROOM_SECONDS = 0.1
    operations.STORE_OPERATIONS["events"] = all_events
    main.main()
