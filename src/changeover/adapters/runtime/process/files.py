"""What lies in a replica's directory, and how it is written. Imported by the keeper."""

import errno
import json
import os

from changeover.adapters.runtime.process.identity import Identity


class Damaged(ValueError):
    """A file that only we write does not hold what we wrote."""


class Supervision:
    """How a keeper keeps its replica.

    first_delay_s, max_delay_s: wait before the first restart, doubled for each exit in a row
        up to the maximum. steady_s: having lived this long, the row begins again.
    log_bytes: size at which the log is rotated. log_files: rotated files that are kept.
    grace_s: between SIGTERM and SIGKILL when the keeper itself is told to end.
    """

    def __init__(
        self,
        *,
        first_delay_s: float = 0.2,
        max_delay_s: float = 30.0,
        steady_s: float = 10.0,
        log_bytes: int = 10_000_000,
        log_files: int = 5,
        grace_s: float = 10.0,
    ) -> None:
        self.first_delay_s, self.max_delay_s = first_delay_s, max_delay_s
        self.steady_s, self.grace_s = steady_s, grace_s
        self.log_bytes, self.log_files = log_bytes, log_files


class Spec:
    """What a keeper keeps: written before it starts, never with a secret's value.

    release: the release as JSON, to be compared and to know where secrets come from.
    program: absolute path that is executed; argv: its arguments, the name it is called by first.
    variables: the environment without secrets. mark: unique word in the environment of every
    process of this replica.
    """

    def __init__(
        self,
        *,
        environment: str,
        service: str,
        version: str,
        slot: int,
        release: dict[str, object],
        program: str,
        argv: list[str],
        directory: str,
        variables: dict[str, str],
        host: str,
        port: int,
        mark: str,
        supervision: dict[str, float],
    ) -> None:
        self.environment, self.service = environment, service
        self.version, self.slot = version, slot
        self.release, self.program, self.argv = release, program, argv
        self.directory, self.variables = directory, variables
        self.host, self.port, self.mark = host, port, mark
        self.supervision = supervision

    def take_mark(self, before: "Spec") -> None:
        """Go on with the mark of the life before, so that what is left of it is found."""
        self.mark = before.mark
        name, _, value = self.mark.partition("=")
        self.variables[name] = value


class Status:
    """What a keeper says of its replica.

    child:       the process, or None between two tries. restarts: started again so often.
    exits:       ends in a row, each after a short life. last_exit: e.g. "exited with 1".
    next_try_at: seconds since the epoch of the next try, while waiting for it.
    stop_by:     seconds since the epoch of the SIGKILL, once it was told to stop.
    trouble:     what else is wrong, e.g. that the status could not be written.
    """

    def __init__(
        self,
        *,
        child: Identity | None = None,
        restarts: int = 0,
        exits: int = 0,
        last_exit: str = "",
        next_try_at: float | None = None,
        stop_by: float | None = None,
        trouble: str = "",
    ) -> None:
        self.child, self.restarts, self.exits = child, restarts, exits
        self.last_exit, self.next_try_at = last_exit, next_try_at
        self.stop_by, self.trouble = stop_by, trouble


class ReplicaFiles:
    """The directory of one replica. `spec` is there from start to stop; `stopped` after it."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.lock = os.path.join(home, "lock")
        self.requests = os.path.join(home, "requests")
        self.spec = os.path.join(home, "spec.json")
        self.stopped = os.path.join(home, "stopped.json")
        self.status = os.path.join(home, "status.json")
        self.log = os.path.join(home, "log")
        self.keeper_log = os.path.join(home, "keeper.log")

    def read_spec(self, *, after_stop: bool = False) -> Spec | None:
        """None when the replica was not started (or, with `after_stop`, nor stopped since).
        Raises: Damaged."""
        data = read_json(self.spec)
        if data is None and after_stop:
            data = read_json(self.stopped)
        if data is None:
            return None
        try:
            return Spec(**data)  # type: ignore[arg-type]
        except TypeError as error:
            raise Damaged(f"{self.spec} is damaged: {error}") from None

    def started(self) -> bool:
        """It was started, and not stopped since."""
        return os.path.exists(self.spec)

    def has_log(self) -> bool:
        return os.path.exists(self.log)

    def write_spec(self, spec: Spec) -> None:
        write_json(self.spec, vars(spec))

    def read_status(self) -> Status:
        """An empty status when there is none, or when a crash of the machine damaged it (then
        nothing it spoke of runs any more)."""
        try:
            data = read_json(self.status) or {}
            pid_and_start = data.pop("child", None)
            status = Status(**data)  # type: ignore[arg-type]
            if isinstance(pid_and_start, list):
                status.child = Identity(int(pid_and_start[0]), str(pid_and_start[1]))
        except (Damaged, TypeError, ValueError, IndexError):
            return Status()
        return status

    def write_status(self, status: Status) -> None:
        child = status.child
        data = vars(status) | {"child": [child.pid, child.started] if child else None}
        write_json(self.status, data)

    def mark_stopped(self) -> None:
        """From now on the replica is not observed; its last log stays."""
        if self.started():
            os.replace(self.spec, self.stopped)
        _remove(self.status)

    def request(self, text: str) -> bool:
        """Say one line to the keeper. False when no keeper listens."""
        try:
            pipe = os.open(self.requests, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        try:
            os.write(pipe, text.encode())
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EAGAIN):
                raise
            return False
        finally:
            os.close(pipe)
        return True

    def kept(self) -> bool:
        """Whether a keeper listens. Unlike a look at the lock this gets in nobody's way."""
        try:
            os.close(os.open(self.requests, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        return True


def read_json(path: str) -> dict[str, object] | None:
    """The object in `path`, None when there is no file. Raises: Damaged."""
    try:
        with open(path, "rb") as file:
            data = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Damaged(f"{path} is damaged: {error}") from None
    if not isinstance(data, dict):
        raise Damaged(f"{path} is damaged: not an object")
    return data


def write_json(path: str, data: dict[str, object]) -> None:
    """Replace `path` as a whole: after a crash it holds the old or the new, on the disk too."""
    draft = f"{path}.{os.getpid()}.new"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        _remove(draft)
        raise


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.EROFS):
            raise
