"""A secret is known to the replica alone."""

import os
from pathlib import Path

import psutil
import pytest

from support.workshop import Workshop

pytestmark = pytest.mark.slow

MARKER = "s3cr3t-marker-9f27c1"

TELLS_IT = """\
import http.server, os, sys
print("my secret is", os.environ["TOKEN"], flush=True)
class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        right = os.environ["TOKEN"] == os.environ["EXPECTED"][::-1]
        known = b'{"version": "v1"}' if right else b"{}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(known)))
        self.end_headers()
        self.wfile.write(known)
    def log_message(self, *_):
        print("asked, with", os.environ["TOKEN"], flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
"""


def test_a_secret_is_in_no_list_log_journal_file_or_message(shop: Workshop) -> None:
    (shop.root / "dist").mkdir()
    (shop.root / "dist" / "shop.py").write_text(TELLS_IT)
    shop.write(
        command="python3 shop.py {port}",
        secrets={"TOKEN": {"environment": "DEPLOYER_TOKEN"}},
        environment={"EXPECTED": MARKER[::-1]},
        checks=[{"name": "token", "kind": "command", "command": "sh -c 'echo $TOKEN'"}],
    )
    env = {"DEPLOYER_TOKEN": MARKER}
    said = shop.run("deploy", "v1", "--json", env=env)
    assert said.code == 0, said
    assert shop.visit() == "v1", "the replica has it"
    told = [said]
    told += [shop.run(*command, env=env) for command in (["logs"], ["status", "--json"])]
    told += [shop.run("history", "--json"), shop.run("proxy", "status", "--json")]
    assert "my secret is" in told[1].out
    for one in told:
        assert MARKER not in one.out + one.err
    knowing = [p for p in shop.processes() if MARKER in p.environ().values()]
    assert [p.cmdline()[1] for p in knowing] == ["shop.py"] * 2
    listed = [p.info["cmdline"] or [] for p in psutil.process_iter(["cmdline"])]
    assert not [words for words in listed if MARKER in " ".join(words)]
    assert _files_with(shop.state, MARKER) == _logs_of_replicas(shop.state)


def _files_with(directory: Path, text: str) -> set[Path]:
    found = set()
    for path in directory.rglob("*"):
        if path.is_file() and text.encode() in path.read_bytes():
            found.add(path)
    return found


def _logs_of_replicas(directory: Path) -> set[Path]:
    """What the service itself wrote down is its own doing; only its user may read it."""
    logs = {p for p in directory.rglob("log") if p.is_file()}
    assert all(os.stat(p).st_mode & 0o077 == 0 for p in logs)
    return logs
