"""The keeper: keeps one replica running until it is told to stop.

It holds the replica's lock for its whole life, says in `status.json` what it sees, and reads
requests ("stop 10.0": SIGTERM now, SIGKILL ten seconds later) from a FIFO. Its timers use the
monotonic clock, so a jumping clock moves nothing.
"""

import signal
import time
from collections.abc import Mapping

from changeover.adapters.runtime.process.family import Family, lost_family
from changeover.adapters.runtime.process.files import ReplicaFiles, Spec, Status, Supervision
from changeover.adapters.runtime.process.identity import Identity
from changeover.adapters.runtime.process.listening import anybody_listens
from changeover.adapters.runtime.process.rotation import Log
from changeover.adapters.runtime.process.spawn import SpawnFailed, spawn
from changeover.adapters.runtime.process.table import CannotLook
from changeover.adapters.runtime.process.waiting import Alarm

_IDLE_S = 2.0
_BUSY_S = 0.05
_ADOPTED_S = 0.5
_CLEAR_S = 5.0


class Keeper:
    """One replica's keeper. `begin`, then `turn` until it says that all is over."""

    def __init__(self, files: ReplicaFiles, spec: Spec, secrets: Mapping[str, str]) -> None:
        self._files, self._spec, self._secrets = files, spec, secrets
        self._care = Supervision(**spec.supervision)  # type: ignore[arg-type]
        self._log = Log(
            files.log, max_bytes=int(self._care.log_bytes), keep=int(self._care.log_files)
        )
        self._status = files.read_status()
        self._status.stop_by = None
        self._family: Family | None = None
        self._born = self._next_try = time.monotonic()
        self._kill_at: float | None = None
        self._asked_to_end = self._dismissed = False
        self._saved = False

    def begin(self) -> None:
        """Adopt the replica's process if it runs, else start it.

        Raises: SpawnFailed, OSError (then there is no process).
        """
        family = self._left_running()
        if family and not family.leader_ended():
            self._adopt(family)
            return
        if family:
            _clear(family)
        self._status = Status()
        self._spawn()

    def _left_running(self) -> Family | None:
        """What a keeper before us left running."""
        child, mark = self._status.child, self._spec.mark
        family = Family(child, mark=mark, own=False) if child else None
        return family if family and not family.gone() else lost_family(mark)

    def turn(self, alarm: Alarm) -> bool:
        """Wait until something happens or is due, and act on it. False once all is over."""
        requests, terminated = alarm.wait(self._patience())
        for request in requests:
            self._obey(request)
        if terminated and self._kill_at is None:
            self._dismissed = True
            self._stop(self._care.grace_s)
        try:
            going_on = self._go_on() if self._kill_at is None else self._go_down()
        except CannotLook:
            going_on = True  # looked at again in the next turn, as if this one had not been
        self._rotate()
        if going_on and not self._saved:
            self._save()
        return going_on

    def _patience(self) -> float:
        """Seconds until there is something to look at even if nothing happens."""
        if self._kill_at is not None:
            return _BUSY_S
        if self._family is None:
            return max(0.0, min(_IDLE_S, self._next_try - time.monotonic()))
        return _ADOPTED_S if not self._family.own else _IDLE_S

    def _obey(self, request: str) -> None:
        word, _, number = request.partition(" ")
        try:
            grace_s = float(number)
        except ValueError:
            return
        if word == "stop":
            self._dismissed = False
            self._stop(grace_s)

    def _stop(self, grace_s: float) -> None:
        kill_at = time.monotonic() + grace_s
        if self._kill_at is not None and kill_at >= self._kill_at:
            return  # asked again; only a shorter grace changes anything
        self._kill_at = kill_at
        self._status.stop_by = time.time() + grace_s
        self._saved = False

    def _go_down(self) -> bool:
        if self._family and not self._family.gone():
            if not self._asked_to_end:
                self._family.signal(signal.SIGTERM)
                self._asked_to_end = True
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._family.signal(signal.SIGKILL)
            return True
        if self._family:
            self._status.last_exit = self._family.bury()
        self._status.child, self._status.stop_by = None, None
        if self._dismissed:
            self._status.trouble = "its keeper was told to end"
            self._save()
        else:
            self._files.mark_stopped()
        return False

    def _go_on(self) -> bool:
        if self._family and self._family.leader_ended():
            self._mourn(self._family)
        elif self._status.exits and self._family and self._steady():
            self._status.exits = 0
            self._saved = False
        if self._family is None and time.monotonic() >= self._next_try:
            self._status.restarts += 1  # tries that fail too: who waits wants to know early
            try:
                self._spawn()
            except (SpawnFailed, OSError) as error:
                self._put_off(f"could not be started ({error})")
        return True

    def _mourn(self, family: Family) -> None:
        """The leader ended by itself: nobody of its group may stay and hold the port."""
        if not family.gone():
            family.signal(signal.SIGKILL)
        if self._steady():
            self._status.exits = 0
        self._put_off(family.bury())

    def _steady(self) -> bool:
        return time.monotonic() - self._born >= self._care.steady_s

    def _put_off(self, reason: str) -> None:
        self._family = None
        status, care = self._status, self._care
        status.child, status.last_exit = None, reason
        status.exits += 1
        delay_s = min(care.first_delay_s * 2 ** min(status.exits - 1, 30), care.max_delay_s)
        self._next_try = time.monotonic() + delay_s
        status.next_try_at = time.time() + delay_s
        self._saved = False
        self._log.say(f"{self._spec.service} {reason}; next try in {delay_s:g} s")

    def _spawn(self) -> None:
        spec = self._spec
        if anybody_listens(spec.host, spec.port):
            raise SpawnFailed(f"port {spec.port} is taken by another process")
        leader = spawn(spec, self._secrets, self._files.log, self._record)
        self._family = Family(leader, mark=spec.mark, own=True)
        self._born = time.monotonic()

    def _record(self, leader: Identity) -> None:
        """A disk that is full now must not keep a service down that has served before: its mark
        in the environment finds it too. A first start is refused instead."""
        self._status.child, self._status.next_try_at = leader, None
        try:
            self._files.write_status(self._status)
            self._saved = True
        except OSError:
            if not self._status.exits:
                raise
            self._saved = False

    def _adopt(self, family: Family) -> None:
        self._family = family
        self._status.child, self._status.next_try_at = family.leader, None
        self._status.trouble = ""
        self._save()

    def _save(self) -> None:
        """A status that cannot be written is written later; keeping the replica goes on."""
        try:
            self._files.write_status(self._status)
            self._saved = True
        except OSError:
            self._saved = False

    def _rotate(self) -> None:
        try:
            self._log.rotate_if_large()
        except OSError as error:
            self._note(f"its log cannot be rotated ({error.strerror})")
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        if trouble != self._status.trouble and not self._dismissed:
            self._status.trouble = trouble
            self._saved = False


def _clear(family: Family) -> None:
    """End what is left of a family without a leader, so that it does not hold the port."""
    for _ in range(int(_CLEAR_S / _BUSY_S)):
        family.signal(signal.SIGKILL)
        if family.gone():
            return
        time.sleep(_BUSY_S)
