"""Replicas as supervised processes of this machine that outlive the `changeover` command.

    command ──starts──> keeper (one small process per replica) ──starts, restarts──> the service
       │                   │ holds `lock` for its whole life
       └── requests (FIFO) ┘ writes `status.json`

The keeper imports nothing outside the standard library and this package's light files; this
file stays empty of imports for its sake. A keeper that is killed leaves the service running;
the next `start` puts a new keeper beside it. A process is only ever signalled when its pid
*and* the moment it started are those that were recorded.
"""
