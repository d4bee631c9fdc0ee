"""`python -m changeover.testing.load`: load from the command line, a report at the end."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import fields

from changeover.execution.errors import UsageError
from changeover.testing.load.control import Control
from changeover.testing.load.process import spec_from_json
from changeover.testing.load.render import table
from changeover.testing.load.report import Report
from changeover.testing.load.run import LoadRun
from changeover.testing.load.spec import SHOP_PAGES, LoadSpec, Pages, mixed

USAGE_EXIT = 2
FAILED_EXIT = 1

_RATES = {
    "get_rps": (50.0, "GET over HTTP/1.1 with keep-alive, requests a second"),
    "post_rps": (20.0, "POST over HTTP/1.1 with keep-alive"),
    "slow_rps": (5.0, "GET of a slow page"),
    "close_rps": (0.0, "GET with a connection of its own"),
    "http2_rps": (0.0, "GET over HTTP/2 (needs the package h2)"),
}
_PAGES = {
    "--get-path": ("get", None),
    "--post-path": ("post", None),
    "--slow-path": ("slow", None),
    "--websocket-path": ("websocket", None),
    "--post-body": ("post_body", "{n}: the request's number"),
    "--post-expect": ("post_expect", "text its answer must have"),
}
"""Options and the fields of `Pages` they set."""


def main(arguments: list[str] | None = None) -> int:
    """Run the load; 0 when no request failed, 1 when some did, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        spec = spec_from_json(sys.stdin.readline()) if options.spec_from_stdin else _spec(options)
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            report = runner.run(_run(spec, live=options.live, steered=options.spec_from_stdin))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_EXIT
    sys.stdout.write((table(report) if options.table else report.to_json()) + "\n")
    sys.stdout.flush()
    return FAILED_EXIT if report.failed else 0


async def _run(spec: LoadSpec, *, live: bool, steered: bool) -> Report:
    run = LoadRun(spec)
    gc.freeze()  # imports are no garbage: collections stay short, and out of the latencies
    control = Control(run, sys.stdout)
    control.listen()
    beside = []
    if live:
        control.write({"kind": "started"})
        beside.append(asyncio.create_task(control.tell()))
    if steered:
        beside.append(asyncio.create_task(control.obey(await _stdin())))
    try:
        return await run.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop when it is installed: half the CPU for the same load."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _spec(options: argparse.Namespace) -> LoadSpec:
    if not options.url:
        raise UsageError("there is no target", hint="give --url http://127.0.0.1:PORT")
    given = vars(options)
    pages = Pages(**{field.name: given[f"page {field.name}"] for field in fields(Pages)})
    traffic = {name: given[name] for name in (*_RATES, "websockets", "websocket_interval_s")}
    rest = {field.name: given[field.name] for field in fields(LoadSpec) if field.name in given}
    rest["headers"] = tuple(options.headers)
    return LoadSpec(**rest, scenarios=mixed(**traffic, pages=pages))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m changeover.testing.load",
        description="Steady load from a client that never retries; each lost request is counted.",
    )
    add = parser.add_argument
    add("--url", help="the service, e.g. http://127.0.0.1:8080")
    add("--seconds", type=float, default=10.0, help="how long to send (default 10)")
    add("--max-requests", type=int, default=1_000_000, help="end after that many requests")
    add("--timeout-s", type=float, default=10.0, help="no answer for so long is a failure")
    add("--version-header", default="x-shop-version", help="names the version; '' for none")
    add("--header", dest="headers", type=_header, action="append", default=[], metavar="NAME:VALUE")
    add("--allow-remote", action="store_true", help="load another machine than this one")
    add("--trace", default="", help="write a CSV line for each request into this file")
    add("--live", action="store_true", help="write a JSON line with the counters every second")
    add("--table", action="store_true", help="write the report as a table instead of JSON")
    add("--spec-from-stdin", action="store_true", help=argparse.SUPPRESS)
    _add_traffic(parser)
    return parser


def _add_traffic(parser: argparse.ArgumentParser) -> None:
    traffic = parser.add_argument_group("traffic (0 leaves a kind out)")
    for name, (rate_rps, text) in _RATES.items():
        traffic.add_argument(
            f"--{name.replace('_', '-')}",
            type=float,
            default=rate_rps,
            help=f"{text} ({rate_rps:g})",
        )
    traffic.add_argument("--websockets", type=int, default=0, help="open websockets (0)")
    traffic.add_argument("--websocket-interval-s", type=float, default=0.1)
    pages = parser.add_argument_group("pages (of the example shop)")
    for option, (name, meaning) in _PAGES.items():
        default = getattr(SHOP_PAGES, name)
        pages.add_argument(
            option, dest=f"page {name}", default=default, metavar="TEXT", help=meaning
        )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:VALUE")
    return name.strip(), value.strip()
