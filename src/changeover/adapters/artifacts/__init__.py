"""From what the user ships to a directory that replicas run from."""
