"""The house plan, held by tests: what import-linter cannot see.

import-linter (`make contracts`) holds who may import whom. Here the sources are read as syntax trees:
the rules stay pure, business time is read in one place, files keep to one subject, and what is installed
is what is here.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from setuptools import Distribution
from setuptools.command.build_py import build_py

from rules.iban import hidden_ibans

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("activities", "admin", "migrations", "models", "policies", "rules", "workflows")
MODULES = ("starter", "worker")
OURS = {*PACKAGES, *MODULES}
MAX_LINES = 500

# What the rules may import besides each other. pydantic_core is where pydantic's own error type lives.
RULES_MAY_IMPORT = {"pydantic", "pydantic_core", "holidays"}
# The parts of the standard library that reach the world, the clock or chance.
IMPURE = {
    "asyncio", "ctypes", "ftplib", "glob", "http", "importlib", "io", "logging", "mmap", "multiprocessing",
    "os", "pathlib", "pickle", "platform", "random", "secrets", "select", "shelve", "shutil", "signal",
    "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
    "uuid",
}  # fmt: skip
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"}
IMPURE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "uuid1", "uuid4", "urandom"}
CLOCK_METHODS = {"now", "utcnow", "today"}
CLOCK_OWNERS = {"datetime", "date", "dt"}
# A distribution whose modules belong to one that pyproject.toml names.
PART_OF = {
    "markupsafe": "jinja2",
    "psycopg-pool": "psycopg",
    "pydantic-core": "pydantic",
    "starlette": "fastapi",
}


def sources(*packages: str) -> list[Path]:
    """Every Python file of the given packages or top-level modules, as far as they exist."""
    files = [path for name in packages for path in (ROOT / name).rglob("*.py")]
    return sorted(files + [ROOT / f"{name}.py" for name in packages if (ROOT / f"{name}.py").is_file()])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def top_level_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and first name of each absolute import, wherever in the file it stands."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]


def clock_reads(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each reading of the machine's clock: datetime.now(), date.today(), time.time()."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            last = owner.rpartition(".")[2]
            if (node.attr in CLOCK_METHODS and last in CLOCK_OWNERS) or (owner, node.attr) == (
                "time",
                "time",
            ):
                yield node.lineno, ast.unparse(node)


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def requirements(extra: str = "") -> list[str]:
    """The requirement lines of pyproject.toml: the runtime ones, or those of the named extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [str(line) for line in lines]


def requirement_name(line: str) -> str:
    return normal(re.split(r"[\s\[<>=!~;]", line, maxsplit=1)[0])


def locked() -> dict[str, set[str]]:
    """Distribution -> locked versions (more than one where platforms differ)."""
    found: dict[str, set[str]] = {}
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name, version in re.findall(
        r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==(\S+)", text, flags=re.MULTILINE
    ):
        found.setdefault(normal(name), set()).add(version)
    return found


def test_the_rules_import_only_the_quiet_part_of_the_library() -> None:
    allowed = (set(sys.stdlib_module_names) - IMPURE) | RULES_MAY_IMPORT | {"rules"}
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path in sources("rules")
        for line, name in top_level_imports(path)
        if name not in allowed
    ]
    assert not wrong, wrong


def test_the_rules_ask_neither_clock_nor_chance_nor_files() -> None:
    wrong = []
    for path in sources("rules"):
        wrong += [f"{name_of(path)}:{line} reads the clock: {text}" for line, text in clock_reads(path)]
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_CALLS | {"uuid1", "uuid4", "urandom"}:
                wrong.append(f"{name_of(path)}:{node.lineno} calls {called.id}()")
            if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS:
                wrong.append(f"{name_of(path)}:{node.lineno} calls {ast.unparse(called)}()")
    assert not wrong, wrong


def test_business_time_is_read_in_the_clock_alone() -> None:
    wrong = [
        f"{name_of(path)}:{line} {text}: ask activities/clock.py instead"
        for path in sources("rules", "models", "activities", "workflows")
        if name_of(path) != "activities/clock.py"
        for line, text in clock_reads(path)
    ]
    assert not wrong, wrong


def test_no_column_takes_its_time_from_the_database() -> None:
    now_in_sql = re.compile(r"\bfunc\.(now|current_timestamp)\b|\bnow\(\)|CURRENT_TIMESTAMP", re.IGNORECASE)
    wrong = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}"
        for path in sources("models", "migrations")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword)
        and node.arg in {"server_default", "default", "onupdate", "server_onupdate"}
        and now_in_sql.search(ast.unparse(node.value))
    ]
    assert not wrong, f"business columns get their instants from activities/clock.py: {wrong}"


SESSIONS_BEGIN = {"activities/store/engine.py", "admin/queries/reading.py"}


def test_sessions_begin_where_it_is_seen_to_that_they_end() -> None:
    # One that nobody commits is rolled back, and the driver forgets what it has prepared on that connection.
    wrong = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node)}: transaction, glance or snapshot"
        for path in sources("activities", "admin", *MODULES)
        if name_of(path) not in SESSIONS_BEGIN
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Session"
        # A transaction that is under way is joined, and ended by whoever began it.
        and [ast.unparse(argument) for argument in node.args] != ["connection"]
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("package", ["rules", "workflows"])
def test_importing_them_loads_no_database_and_no_provider(package: str) -> None:
    """What a workflow's sandbox would have to load at the start of every run, seen in a fresh interpreter."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sources(package)
    ]
    heavy = {
        "alembic",
        "babel",
        "fastapi",
        "jinja2",
        "psycopg",
        "sendgrid",
        "sqlalchemy",
        "sqlmodel",
        "twilio",
    }
    if package == "rules":
        heavy |= {"temporalio", "httpx"}
    script = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print(*sorted({heavy!r} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_files_keep_to_one_subject() -> None:
    long = {
        name_of(path): lines
        for path in sources(*PACKAGES, *MODULES)
        if (lines := path.read_bytes().count(b"\n")) > MAX_LINES
    }
    assert not long, f"split these, they are over {MAX_LINES} lines: {long}"


def test_what_the_code_imports_is_a_declared_dependency() -> None:
    declared = {requirement_name(line) for line in requirements()}
    homes = packages_distributions()
    wrong = set()
    for path in sources(*PACKAGES, *MODULES):
        for line, name in top_level_imports(path):
            if name in OURS or name in sys.stdlib_module_names:
                continue
            given = {normal(home) for home in homes.get(name, [name])}
            if not {PART_OF.get(home, home) for home in given} & declared:
                wrong.add(f"{name_of(path)}:{line} imports {name}")
    assert not wrong, f"add these to [project] dependencies: {sorted(wrong)}"


def test_everything_beside_the_code_ships_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates, policies and pages are found where they are installed, and no Python file is left behind."""
    monkeypatch.chdir(ROOT)
    build = Distribution({"script_name": "setup.py"})
    build.parse_config_files()
    command = build.get_command_obj("build_py")
    assert isinstance(command, build_py)
    command.ensure_finalized()
    # The stubs of setuptools leave this one without types.
    modules = command.find_all_modules()  # type: ignore[no-untyped-call]
    shipped = {(ROOT / file).resolve() for _, _, file in modules}
    for _, folder, _, files in command.data_files:
        shipped |= {(ROOT / folder / file).resolve() for file in files}
    present = {
        path.resolve()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    missing = sorted(name_of(path) for path in present - shipped)
    assert not missing, f"not shipped, see [tool.setuptools] in pyproject.toml: {missing}"


def test_the_lock_names_no_address_and_no_machine() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    wrong = [
        line
        for line in text.splitlines()
        if re.search(r"://|--(extra-)?index|--find-links|file:|\s@\s|(^|\s)(-e|/)\S*/", line)
    ]
    assert not wrong, wrong


def test_every_locked_package_has_its_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_holds_every_declared_dependency() -> None:
    names = {requirement_name(line) for line in requirements() + requirements("dev")}
    assert names <= set(locked()), f"run `make lock`: {sorted(names - set(locked()))}"


def test_holidays_is_pinned_where_it_is_declared_and_locked() -> None:
    """Another version may move past business days: the same facts would then decide otherwise."""
    [line] = [line for line in requirements() if requirement_name(line) == "holidays"]
    pinned = re.fullmatch(r"holidays==([\d.]+)", line)
    assert pinned, line
    assert locked()["holidays"] == {pinned[1]}


def test_nothing_we_ship_to_debtors_holds_an_iban() -> None:
    """Bank details come from the ledger alone, where two people look after them."""
    shipped = [
        path
        for folder in ("activities/rendering", "policies")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".txt", ".html", ".typ", ".toml"}
    ]
    assert len(shipped) > 60
    assert {path.name: found for path in shipped if (found := hidden_ibans(path.read_text("utf-8")))} == {}
