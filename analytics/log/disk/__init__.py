"""The log on disk: one SQLite file with the journal of entries and the newest checkpoint of the state.

How an entry travels through these files:

1. `log.py` (`DiskLog`) puts it into the backlog (`backlog.py`) as a `PendingEntry` (`pending.py`).
2. It writes the backlog to the journal in batches (`database.py`, `file.py`, `packing.py`), in one thread of its own
   (`thread.py`). Then it applies the entries and notifies the waiting requests.
3. `checkpointer.py` writes a checkpoint of the state from time to time: `checkpoint.py` splits the state into parts
   (`blocks.py`, `totals.py`). Entries that a checkpoint covers are pruned, unless a consumer has yet to read them
   (`consumer.py`, `cursors.py`).
4. A start locks the directory (`lock.py`) and restores the newest checkpoint, then replays the entries after it
   (`store.py`, `recovery.py`). When a write fails, requests are refused until the database was reopened
   (`failures.py`, `reopening.py`).

5. After an erasure, `erasing.py` removes the events from every byte of the files; `copies.py` names older copies.

The commands `backup`, `restore` and `inspect` use `backup.py`, `restoring.py`, `inspection.py` and `report.py`; they
open the database with `reading.py`.
"""
