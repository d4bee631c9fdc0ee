"""Where a run's events are told."""
