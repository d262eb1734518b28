"""The command `analytics` with a demo whose history is as long as ever, but has fewer events and minutes."""

from analytics.cli import main
from analytics.feed import history

history.HOURS, history.DAY_EVENTS, history.MOST_RECENT = 6, 1_000, 3_000
history.VISITORS_BEFORE, history.VISITORS_WEEK, history.VISITORS_NEWEST = 6, 30, 1_000

if __name__ == "__main__":
    main()
