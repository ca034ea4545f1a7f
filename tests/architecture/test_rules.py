"""Rules of the house that a reader of a change could miss: safety, the clock, the environment, sizes."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, attributes, calls, imports_any, parsed, shipped, texts

CLOCK = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.time|Timestamp\.(now|today|utcnow))$")
MAY_READ_THE_CLOCK = {
    "flows/cli.py",
    "flows/cli_export.py",
    "flows/cli_operate.py",
    "flows/cli_partner.py",
    "flows/cli_privacy.py",
    "flows/cli_release.py",
    "flows/cli_models.py",
    "flows/cli_worklist.py",
    "flows/run.py",
    "flows/nightly.py",
    "flows/retrain.py",
    "flows/server.py",
    "flows/deployed.py",
}
MAY_READ_THE_CLOCK |= {
    "flows/cli_backup.py",
    "flows/lease.py",
    "flows/prefect_server.py",
    "flows/prefect_child.py",
    "flows/mirror.py",
    "flows/record.py",
    "flows/settle.py",
}
MAY_READ_THE_ENVIRONMENT = {"flows/settings.py", "flows/cli.py", "flows/prefect_server.py"}
SQL_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|localtimestamp|now\s*\(|today\s*\(|getdate\s*\()", re.IGNORECASE
)
NEVER_CALLED = {
    "eval",
    "exec",
    "joblib.load",
    "pickle.load",
    "pickle.loads",
    "yaml.load",
    "yaml.unsafe_load",
    "os.system",
    "compile",
}
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_SQL = 45, 250, 10
# What is longer, and not to grow further.
LONGER: dict[str, int] = {}


def ids(path: Path) -> str:
    return path.as_posix()


every_file = pytest.mark.parametrize("path", shipped(), ids=ids)


@every_file
def test_P15_nothing_that_runs_what_it_reads(path: Path) -> None:
    assert imports_any(path, "pickle", "joblib", "dill", "shelve", "cloudpickle", "marshal") == set()
    assert NEVER_CALLED & set(calls(path)) == set()


@every_file
def test_R8_no_reader_guesses(path: Path) -> None:
    for text in texts(path):
        assert "read_csv(" not in text or "auto_detect=false" in text
        assert "read_csv_auto" not in text
        assert "read_json(" not in text


@every_file
def test_no_long_sql_in_python(path: Path) -> None:
    for text in texts(path):
        if re.search(r"\bselect\b", text, re.IGNORECASE) and re.search(r"\bfrom\b", text, re.IGNORECASE):
            assert len(text.strip().splitlines()) <= LONGEST_SQL, text.strip().splitlines()[0]


@every_file
def test_R4_the_clock_is_an_argument(path: Path) -> None:
    if path.as_posix() not in MAY_READ_THE_CLOCK:
        assert [name for name in calls(path) if CLOCK.search(name)] == []
    assert not [text for text in texts(path) if re.search(r"\bselect\b", text) and SQL_CLOCK.search(text)]


@pytest.mark.parametrize("path", sorted((ROOT / "dbt_project").glob("m*/**/*.sql")), ids=lambda path: path.stem)
def test_no_model_reads_the_clock(path: Path) -> None:
    code = re.sub(
        r"--.*|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL if "{#" in path.read_text() else 0
    )
    assert not SQL_CLOCK.search(code)


@every_file
def test_only_the_settings_read_the_environment(path: Path) -> None:
    if path.as_posix() not in MAY_READ_THE_ENVIRONMENT:
        assert {"os.environ", "os.getenv", "os.environb"} & set(attributes(path)) == set()


@every_file
def test_functions_and_files_can_be_read_at_once(path: Path) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) < LONGER.get(path.as_posix(), LONGEST_FILE)
    for node in ast.walk(parsed(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length < LONGEST_FUNCTION, f"{node.name}: {length} lines"


@every_file
def test_what_a_function_gives_is_said_first(path: Path) -> None:
    """Every module and every public function or class has a docstring."""
    tree = parsed(path)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def tracked() -> list[Path]:
    """The files of the repository that are text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [
        path
        for name in listed.split("\0")
        if name and (path := ROOT / name).is_file() and path.suffix not in {".png", ".parquet"}
    ]


# Written in pieces, so that this file does not hold what it looks for.
MACHINE = re.compile(
    "|".join(
        [
            r"/wor" + "k/",
            r"/hom" + r"e/[a-z]+/",
            r"/roo" + "t/",
            r"/User" + "s/",
            r"py" + r"pi\.org/simple",
            r"files\.py" + "thonhosted",
            r"artif" + "actory",
            r"index" + "-url",
        ]
    )
)
ALLOWED = re.compile("--no-emit-index" + "-url")


@pytest.mark.parametrize("path", tracked(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_path_of_a_machine_and_no_registry(path: Path) -> None:
    text = ALLOWED.sub("", path.read_text(encoding="utf-8", errors="replace"))
    assert not MACHINE.search(text)
