"""The thread that writes files."""

import os
import sys
import threading

import pytest

from analytics.store.files.nicer_thread import NicerThread


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")
def test_a_nicer_thread_is_nicer_and_its_caller_is_not() -> None:
    before, thread = niceness(), NicerThread(3)
    assert [thread.call(niceness) for _ in range(2)] == [min(before + 3, 19)] * 2
    assert niceness() == before


def test_what_a_function_raises_in_a_nicer_thread_is_raised_in_its_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        NicerThread().call(lambda: 1 // 0)
