"""Pure judgement of numbers: arrays and counters in, verdicts out."""
