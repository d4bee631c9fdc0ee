"""Whether somebody listens on a port. Imported by the keeper."""

import errno
import socket


def anybody_listens(host: str, port: int) -> bool:
    """True when a server could not be started on `host`:`port` now. Connections of an earlier
    server that are still closing do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False
