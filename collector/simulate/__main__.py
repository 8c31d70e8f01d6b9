"""The simulated community as a process: ``python -m collector.simulate --broker 127.0.0.1:1883 --truth F --acts F``.

Writes the truth and the acts, serves the hub, connects to the broker, prints one JSON line {hub, community, token,
steps, traps}, then obeys JSON lines on stdin: {"step": k} publishes a step and answers {"step", "published"} once every
message is acknowledged; {"stop": true} or the end of stdin ends it. A line it cannot obey is answered {"error"}.
Exit codes: 0 stopped, 1 broker or port failed, 2 the call is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys
from pathlib import Path

from collector.simulate.acts import write_acts
from collector.simulate.community import Community
from collector.simulate.hub_server import COMMUNITY, serve_hub
from collector.simulate.publisher import Publisher
from collector.simulate.traffic import messages
from collector.simulate.traps import parse_trap
from collector.simulate.truth import write_truth


def main(arguments: list[str] | None = None) -> int:
    """Run the simulated community until it is told to stop; return the exit code."""
    options = _parse(arguments)
    try:
        traps = dict(parse_trap(text) for text in options.trap)
        community = Community.build(options.seed, options.households, days=options.days, traps=traps)
        host, port = _address(options.broker)
    except ValueError as error:
        _complain(error)
        return 2
    try:
        write_truth(options.truth, community)
        write_acts(options.acts, community)
        asyncio.run(_serve(community, Publisher(host, port), options))
    except OSError as error:
        _complain(error)
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m collector.simulate", description="simulated community 示例小区")
    parser.add_argument("--broker", required=True, help="host:port of the MQTT broker")
    parser.add_argument("--truth", required=True, type=Path, help="where truth.json is written")
    parser.add_argument("--acts", required=True, type=Path, help="where the acts file is written")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--households", type=int, default=1200)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--hub-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--community", default=COMMUNITY, help="the hub's name of the community")
    parser.add_argument("--trap", action="append", default=[], metavar="NAME=edge|past")
    return parser.parse_args(arguments)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"--broker {text!r} is no address: write host:port, for instance 127.0.0.1:1883")
    return host, int(port)


async def _serve(community: Community, publisher: Publisher, options: argparse.Namespace) -> None:
    token = hashlib.sha256(f"hub {options.seed}".encode()).hexdigest()[:32]
    async with serve_hub(community, token, port=options.hub_port, name=options.community) as hub:
        await asyncio.to_thread(publisher.connect)
        steps = [step.shown() for step in community.steps]
        traps = community.traps.sides()
        _say({"hub": hub, "community": options.community, "token": token, "steps": steps, "traps": traps})
        try:
            await _obey(community, publisher)
        finally:
            await asyncio.to_thread(publisher.close)


async def _obey(community: Community, publisher: Publisher) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            order = json.loads(line)
        except json.JSONDecodeError:
            order = None
        match order:
            case {"stop": True}:
                return
            case {"step": int(step)} if not isinstance(step, bool) and 0 <= step < len(community.steps):
                await asyncio.to_thread(publisher.publish, messages(community, step))
                _say({"step": step, "published": publisher.published})
            case _:
                last = len(community.steps) - 1
                _say({"error": f'cannot obey {line.strip()!r}: send {{"step": 0..{last}}} or {{"stop": true}}'})


def _say(body: object) -> None:
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _complain(error: Exception) -> None:
    sys.stderr.write(f"simulate: {error}\n")


if __name__ == "__main__":
    sys.exit(main())
