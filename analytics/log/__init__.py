"""The log: everything that changes the state is an entry in it.

How an entry travels:

1. `recorder.py` puts the records of a request into an `Entry` and appends it to the `Log` (`log.py`).
2. `disk/` keeps it in a backlog, then writes it to the journal. In memory mode it skips this step.
3. `handlers.py` applies it to the state: `intake.py` checks its records (`seen_ids.py` finds duplicates), and
   `events.py`, `metrics.py` and `heartbeats.py` count those that pass in `groups.py`. The outcome is the answer to
   the request.
4. `disk/` saves the state in checkpoints, so that a restart replays the newest entries only. Consumers read the
   journal, each with a cursor of its own.
"""
