"""The long-term store: events as Parquet files by day, written and read by a process of its own beside the server.

How an event gets there:

1. The server writes it to the journal and applies it. `client/` tells the store process up to which position that is
   done, and which records the state did not keep.
2. `process/` reads the journal up to there. Records that are in no file yet are the *tail*, in memory.
3. `files/` writes the tail to files from time to time, and notes in its manifest which files count, and up to which
   position of the journal they reach. A restart reads the journal on from there.

A question goes through `client/` to an operation in the table of `process/operations.py`, which gets the files and the
tail as one (`source.py`).
"""
