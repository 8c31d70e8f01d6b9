"""The rules of the house as a program: who may import whom, what stays pure, and what no file may hold.

Every rule takes the house and yields its faults. ``tests/test_house.py`` runs them on this repository and shows, on
small trees with one planted fault each, that every rule is able to fail.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

READING_ROOM = "connectors"
DOORS = ("connectors/mqtt", "connectors/city_hub", "connectors/push", "connectors/files")
MAY_IMPORT = {
    "scoring": {"scoring"},
    READING_ROOM: {READING_ROOM},
    **{door: {READING_ROOM, door} for door in DOORS},
    "evidence": {"evidence", "scoring", READING_ROOM},
    "collector/simulate": {"collector/simulate", "collector"},
    "collector": {"collector", "collector/simulate", "evidence", "scoring", READING_ROOM, *DOORS},
}
MAY_IMPORT["benchmarks"] = {"benchmarks", "tests", *MAY_IMPORT}  # of the tests: the servers it measures against
MAY_IMPORT["tests"] = {"tests", *MAY_IMPORT}
ROOMS = sorted(MAY_IMPORT, key=len, reverse=True)

PURE_ROOMS = {"scoring", READING_ROOM}
TOUCHES_THE_WORLD = (
    {"os", "io", "pathlib", "shutil", "tempfile", "glob", "fileinput", "sqlite3", "importlib", "pkgutil", "logging"}
    | {"time", "random", "secrets", "uuid", "sys", "signal"}
    | {"socket", "ssl", "select", "selectors", "http", "urllib.request", "requests", "httpx"}
    | {"asyncio", "threading", "multiprocessing", "concurrent", "subprocess"}
    | {"aiohttp", "paho", "wsproto", "influxdb_client", "apscheduler"}
)
IN_MEMORY = {"io.BytesIO"}
"""What lies below a name that touches the world and yet touches nothing: bytes in memory, read as a file is."""
WORLDLY_CALLS = {"open", "input", "print", "ZoneInfo"}
CLOCK_CALLS = re.compile(r"(?:^|\.)(?:datetime|date)\.(?:now|utcnow|today)$|^time\.(?:time|time_ns)$")
CLOCK_FILE = "collector/clock.py"

SINGLE_IMPORTERS = {
    "paho": ("connectors/mqtt/client.py", "benchmarks/bare_paho.py"),
    "wsproto": ("connectors/mqtt/websocket.py",),
    "cryptography": ("connectors/mqtt/certificate.py",),
    "aiohttp": ("connectors/city_hub/client.py",),
    "aiohttp.web": ("connectors/city_hub/client.py", "collector/web/"),
    "influxdb_client": ("evidence/series.py",),
    "apscheduler": ("collector/schedule.py",),
}
NAMELESS = {"util", "utils", "common", "helper", "helpers", "misc"}
LONGEST_FILE = 400
CODE_FROM_DATA = {"eval", "exec", "__import__"}
CODE_FROM_BYTES = {"pickle", "marshal", "shelve", "dill"}
LOCK_FILES = {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}
MACHINE_PATH = re.compile(r"(?<![\w.~:/-])/(?:work|farm|tmp|root|home)/[\w.]")
REGISTRY_HOST = re.compile(
    r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|proxy[.]golang|pypi[.]tuna|mirrors?[.]aliyun"
)


@dataclass(frozen=True)
class Fault:
    """What is wrong, where, and in one line what the rule says."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Import:
    """One imported name: a module of ours, or the full dotted name of something else."""

    name: str
    line: int


class Module:
    """One Python file: its dotted name, its room (None outside every room) and its syntax tree."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        parts = PurePosixPath(path).with_suffix("").parts
        self.package = parts if parts[-1] == "__init__" else parts[:-1]
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.room = next((room for room in ROOMS if path.startswith(f"{room}/")), None)
        self.text = (root / path).read_text(encoding="utf-8")
        self.tree = ast.parse(self.text, path)

    def calls(self) -> Iterator[tuple[str, int]]:
        """Yield (what is called, as written; line)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node.lineno


class House:
    """All files of a tree that belong to the product."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = sorted(path for path in _list_files(root) if (root / path).is_file())
        self.modules = {
            module.name: module for module in (Module(root, path) for path in self.files if path.endswith(".py"))
        }

    @cached_property
    def imports(self) -> dict[str, list[Import]]:
        """Return what every module imports, wherever in the file the import stands."""
        return {module.name: list(self._imports(module)) for module in self.modules.values()}

    def _imports(self, module: Module) -> Iterator[Import]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = module.name.split(".") if module.path.endswith("__init__.py") else module.name.split(".")[:-1]
                above = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield Import(base if base in self.modules and full not in self.modules else full, node.lineno)

    def ours(self, module: Module) -> Iterator[tuple[Import, Module]]:
        """Yield the imports of modules of ours."""
        for imported in self.imports[module.name]:
            if imported.name in self.modules:
                yield imported, self.modules[imported.name]


def arrows(house: House) -> Iterator[Fault]:
    """Imports only go down, and every Python file lives in a room."""
    for module in house.modules.values():
        if module.room is None:
            yield Fault(module.path, 1, f"Python lives in {', '.join(sorted(MAY_IMPORT))} only")
            continue
        for imported, other in house.ours(module):
            if other.room not in MAY_IMPORT[module.room]:
                yield Fault(module.path, imported.line, f"{module.room} may not import {imported.name} of {other.room}")


def isolation(house: House) -> Iterator[Fault]:
    """The simulator reaches nothing of scoring, evidence or connectors, not through others either."""
    ways = {module.name: [module.name] for module in house.modules.values() if module.room == "collector/simulate"}
    waiting = list(ways)
    while waiting:
        name = waiting.pop()
        for _, other in house.ours(house.modules[name]):
            if other.name in ways:
                continue
            ways[other.name] = [*ways[name], other.name]
            waiting.append(other.name)
            if other.room not in MAY_IMPORT["collector/simulate"]:
                start = house.modules[ways[other.name][0]]
                yield Fault(start.path, 1, f"the simulator has its own understanding: {' -> '.join(ways[other.name])}")


def purity(house: House) -> Iterator[Fault]:
    """Scoring and the reading room touch no file, network, clock or randomness."""
    for module in house.modules.values():
        if module.room not in PURE_ROOMS:
            continue
        for imported in house.imports[module.name]:
            if imported.name not in IN_MEMORY and _covering(imported.name, TOUCHES_THE_WORLD):
                yield Fault(module.path, imported.line, f"{module.room} is pure and may not import {imported.name}")
        for called, line in module.calls():
            if called.split(".")[-1] in WORLDLY_CALLS or CLOCK_CALLS.search(called):
                yield Fault(module.path, line, f"{module.room} is pure and may not call {called}()")


def clock(house: House) -> Iterator[Fault]:
    """Clocks are arguments: the time of day is asked for in one file."""
    for module in house.modules.values():
        if module.room in {"tests", "collector/simulate"} or module.path == CLOCK_FILE:
            continue
        for called, line in module.calls():
            if CLOCK_CALLS.search(called):
                yield Fault(module.path, line, f"{called}() belongs in {CLOCK_FILE}; take the clock as an argument")


def single_importers(house: House) -> Iterator[Fault]:
    """One file knows each library of the outside; the simulator and the tests are free."""
    for module in house.modules.values():
        if module.room in {"tests", "collector/simulate"}:
            continue
        for imported in house.imports[module.name]:
            library = _covering(imported.name, set(SINGLE_IMPORTERS))
            if library and not module.path.startswith(SINGLE_IMPORTERS[library]):
                yield Fault(
                    module.path, imported.line, f"{library} is for {' and '.join(SINGLE_IMPORTERS[library])} only"
                )


def cycles(house: House) -> Iterator[Fault]:
    """No module imports itself through others."""
    graph = {name: {other.name for _, other in house.ours(module)} for name, module in house.modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        circle = found.args[1]
        yield Fault(house.modules[circle[0]].path, 1, f"an import cycle: {' <- '.join(circle)}")


def inits(house: House) -> Iterator[Fault]:
    """Every __init__.py is empty or one docstring."""
    for module in house.modules.values():
        body = module.tree.body
        if module.path.endswith("__init__.py") and body and (len(body) > 1 or ast.get_docstring(module.tree) is None):
            yield Fault(module.path, body[-1].lineno, "an __init__.py is empty or one docstring")


def names(house: House) -> Iterator[Fault]:
    """Modules are nouns of the trade."""
    for path in house.files:
        parts = PurePosixPath(path).with_suffix("").parts
        if path.endswith(".py") and NAMELESS.intersection(parts):
            yield Fault(path, 1, f"a module is a noun of the trade, not {NAMELESS.intersection(parts).pop()!r}")


def length(house: House) -> Iterator[Fault]:
    """No file of code is longer than 400 lines."""
    for module in house.modules.values():
        lines = len(module.text.splitlines())
        if lines > LONGEST_FILE:
            yield Fault(
                module.path, lines, f"{lines} lines, {LONGEST_FILE} are allowed: does it hold more than one thing?"
            )


def trust(house: House) -> Iterator[Fault]:
    """Nothing that arrives is ever run as code."""
    for module in house.modules.values():
        for imported in house.imports[module.name]:
            if _covering(imported.name, CODE_FROM_BYTES):
                yield Fault(module.path, imported.line, f"{imported.name} runs what it reads")
        for called, line in module.calls():
            if called.removeprefix("builtins.") in CODE_FROM_DATA:
                yield Fault(module.path, line, f"{called}() runs what it is given")


def config_is_data(house: House) -> Iterator[Fault]:
    """config/ holds no Python."""
    for path in house.files:
        if path.startswith("config/") and path.endswith((".py", ".pyi", ".ipynb")):
            yield Fault(path, 1, "config/ is data only")


def no_machine(house: House) -> Iterator[Fault]:
    """No file names a path of some machine or the host of a package registry."""
    for path in house.files:
        if PurePosixPath(path).name in LOCK_FILES:
            yield Fault(path, 1, "a lock file names registry hosts; pin with hashes in requirements/")
        try:
            text = (house.root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if found := MACHINE_PATH.search(line) or REGISTRY_HOST.search(line):
                yield Fault(path, number, f"{found[0]!r} belongs to one machine, not to the product")


RULES: tuple[Callable[[House], Iterator[Fault]], ...] = (
    arrows,
    isolation,
    purity,
    clock,
    single_importers,
    cycles,
    inits,
    names,
    length,
    trust,
    config_is_data,
    no_machine,
)


def _covering(name: str, libraries: set[str]) -> str | None:
    """Return the longest of the dotted library names that is the name or one of its parents."""
    parts = name.split(".")
    parents = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((parent for parent in parents if parent in libraries), None)


def _list_files(root: Path) -> list[str]:
    """Return the files git knows or would add; without git, all but hidden folders, caches and what runs produce."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
        )
        return [name.decode() for name in listed.stdout.split(b"\0") if name]
    produced = {".git", ".venv", ".cache", "build", "dist", "out", "data", "demo"}
    found = (path.relative_to(root) for path in root.rglob("*"))
    return [
        path.as_posix()
        for path in found
        if path.parts[0] not in produced
        and not any(part == "__pycache__" or part.endswith(("_cache", ".egg-info")) for part in path.parts)
    ]
