"""The keeper's script: `python -S -E -s -P -X utf8 keep.py <directory of the replica>`.

Run by its path, not with -m, so that nothing of the environment decides what is imported, and
the installed packages are not even looked at. The request comes on stdin as JSON
({"secrets": {name: value}, "handles": [numbers]}), the answer goes to stdout as JSON
({"error": ""} once the replica's process exists). Then both are closed.
"""

import contextlib
import json
import os
import sys

sys.path.insert(0, os.path.abspath(__file__).rsplit(os.sep, 5)[0])

from changeover.adapters.runtime.process.files import Damaged, ReplicaFiles
from changeover.adapters.runtime.process.keeper import Keeper
from changeover.adapters.runtime.process.spawn import SpawnFailed
from changeover.adapters.runtime.process.table import CannotLook
from changeover.adapters.runtime.process.waiting import Alarm


def main(home: str) -> None:
    text = sys.stdin.buffer.read()
    if not text:
        return  # the caller died before it could ask
    request = json.loads(text)
    for handle in request["handles"]:  # locks that live as long as we do, and no child's
        os.set_inheritable(handle, False)  # noqa: FBT003
    if os.fork():
        os._exit(0)  # whoever called waits for this; the keeper belongs to nobody
    os.chdir("/")
    os.umask(0o077)
    keep(ReplicaFiles(home), request["secrets"])


def keep(files: ReplicaFiles, secrets: dict[str, str]) -> None:
    try:
        spec = files.read_spec()
        if spec is None:
            raise Damaged(f"{files.spec} is missing")
        alarm = Alarm(files.requests)
        keeper = Keeper(files, spec, secrets)
        keeper.begin()
    except (SpawnFailed, Damaged, OSError) as error:
        if not isinstance(error, CannotLook):  # then it may well be running
            files.mark_stopped()
        answer(in_words(error, files))
        return
    answer("")
    while keeper.turn(alarm):
        pass


def in_words(error: Exception, files: ReplicaFiles) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or files.home}: {error.strerror}"
    return str(error)


def answer(error: str) -> None:
    """Tell the caller, who may be gone, and let go of its streams."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps({"error": error}).encode())
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(null, stream)


if __name__ == "__main__":
    main(sys.argv[1])
