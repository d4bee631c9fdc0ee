"""Where counts per version come from."""
