"""Who acts, in words for the record and in a form that tells the dead from the living."""

import getpass
import os
import secrets
import socket
import time


def who() -> str:
    """E.g. "ann@ci-3"."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def new_run_id() -> str:
    """Sorts by time and is short enough to type, e.g. "20261122-154501-7f3a"."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
