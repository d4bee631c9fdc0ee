"""Smoke checks: over HTTP, or by a command of the user's."""
