"""How large the service's file may be. A file of its own: `status` needs this number on its quick
way, and everything else around it costs 10 ms of CPU to import."""

MAX_BYTES = 1_000_000
