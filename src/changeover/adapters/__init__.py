"""The edge: each package implements one port for one technology."""
