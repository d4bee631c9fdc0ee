"""Servers that contract tests share."""

from support.postgres import postgres as postgres
