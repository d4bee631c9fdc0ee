"""Where the proxy's files and sockets are, derived from the state directory alone."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from changeover.execution.errors import RouterUnreachable


@dataclass(frozen=True, slots=True)
class Places:
    """Files and sockets of the one proxy that belongs to a state directory.

    files:   `<state>/proxy`: snapshot, logs, Envoy's bootstrap files, the agent's lock.
    sockets: a short directory of this user, since a socket's path may have only about 100
             bytes and state directories may be longer.
    """

    files: Path
    sockets: Path

    @property
    def api(self) -> Path:
        """The agent's local API."""
        return self.sockets / "api.sock"

    @property
    def ads(self) -> Path:
        """Where Envoy fetches its configuration from the agent."""
        return self.sockets / "ads.sock"

    @property
    def hot_restart(self) -> Path:
        """How the names of the sockets begin on which an Envoy speaks with its successor."""
        return self.sockets / "hot"

    def parent_socket(self, epoch: int, base_id: int) -> Path:
        """Where the Envoy of this epoch hears its successor. Source: Envoy,
        source/server/hot_restarting_base.cc; its numbers go round after three."""
        return self.sockets / f"{self.hot_restart.name}_parent_{base_id * 10 + epoch % 3}"

    @property
    def lock(self) -> Path:
        """Held by the agent as long as it lives."""
        return self.files / "agent.lock"

    @property
    def snapshot(self) -> Path:
        """The last applied routes and the highest fencing numbers."""
        return self.files / "snapshot.json"

    @property
    def agent_log(self) -> Path:
        return self.files / "agent.log"

    @property
    def envoy_log(self) -> Path:
        return self.files / "envoy.log"

    def admin(self, serial: int) -> Path:
        """Envoy's own admin socket; one for each, as two run during a hot restart."""
        return self.sockets / f"admin-{serial}.sock"

    def bootstrap(self, serial: int) -> Path:
        """The file that Envoy number `serial` is started with."""
        return self.files / f"bootstrap-{serial}.json"


def places(state_dir: Path) -> Places:
    """The places of `state_dir`. The same directory gives the same places in every process,
    whatever its environment variables and working directory."""
    state = Path(os.path.realpath(state_dir))
    name = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
    return Places(files=state / "proxy", sockets=_user_directory() / name)


def _user_directory() -> Path:
    """Fixed, not from XDG_RUNTIME_DIR or TMPDIR: those differ between a login, cron and ssh, and
    the first is deleted when its user logs out while the proxy goes on."""
    return Path(f"/tmp/changeover-{os.geteuid()}")


def make_directories(where: Places) -> None:
    """Create both directories for this user alone.

    Raises: RouterUnreachable when somebody else owns the socket directory or may write to it.
    """
    where.files.mkdir(parents=True, exist_ok=True, mode=0o700)
    for directory in (where.sockets.parent, where.sockets):
        directory.mkdir(exist_ok=True, mode=0o700)
        check_private(directory)


def remove_file(path: Path) -> None:
    """Remove a file or a socket that nobody uses any more (nobody can listen in its place)."""
    path.unlink(missing_ok=True)


def check_private(directory: Path) -> None:
    """Raises RouterUnreachable unless `directory` is a real one that only this user can enter:
    who could plant a socket there could pose as the proxy's agent."""
    seen = os.lstat(directory)
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
        raise RouterUnreachable(
            f"The socket directory {directory} is not private to this user "
            f"(owner {seen.st_uid}, mode {stat.S_IMODE(seen.st_mode):04o}).",
            users="no request failed",
            serving="the proxy was not touched",
            hint=f"look who made {directory}, remove it, then `changeover proxy start`",
        )
