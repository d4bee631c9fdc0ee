"""The durable memory of runs."""
