"""Where runs are remembered: SQLite in one file, or PostgreSQL by URL.

    journal.py     the port: every call is one transaction   thread.py   the one thread they run in
    opening.py     which journal: file or URL
    database.py    transactions and clocks      sqlite.py, postgresql.py   connections
    faults.py      errors in words              ownership.py   begin a run, take one over
    migrations.py  what makes the tables                   tables.py   the tables for queries
    lease.py       who may act      runs.py  steps and status      signals.py  what people said
    stories.py     events           reading.py  runs and releases  pruning.py  what is forgotten
    owner.py       is the process that holds a lease alive?
    glance.py      the quick read-only look of `changeover status`

This package imports nothing by itself: `glance` and `owner` must stay light.
"""
