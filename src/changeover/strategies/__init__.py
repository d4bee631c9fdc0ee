"""One file per strategy: a pure function from a change to a plan, and its options."""
