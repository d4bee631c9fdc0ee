"""Whoever reads our output may go away, e.g. `head`; that is no error of ours."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


def nobody_reads() -> None:
    """Let go of standard output: what is still written to it goes nowhere, without an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def readers_may_go() -> Iterator[None]:
    """Ends the command with 0 when nobody reads any more what the body writes; click itself
    would end it with 1, which means something else here."""
    try:
        yield
    except BrokenPipeError:
        nobody_reads()
        raise click.exceptions.Exit(0) from None
