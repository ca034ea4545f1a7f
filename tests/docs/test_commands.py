"""Every command that a document names is run: on a release, with a person's or a folder's name where the document has a placeholder.

What takes a whole night is run by `make test-long`. What needs a server, a container or a person at a keyboard is listed with the reason.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.cli import cli
from flows.errors import Exit
from flows.publish.files import remove_tree
from flows.warehouse import Home
from tests.conftest import WholeNight, aftercare, aftercare_here
from tests.docs.commands import Documented, documented
from tests.hmis_export import write_export
from tests.unit.publish.builds import make_build, publish_one

pytestmark = pytest.mark.xdist_group("clean")

COMMANDS = {one.text: one for one in documented()}
IN_A_CONTAINER = "in a container; the command itself is run here"
COMPOSE = "docker compose --file deployments/compose.yaml"
NOT_RUN = {
    "make nightly": "tests/flows runs the nightly flow under its own Prefect server",
    "make test": "runs this test",
    "make serve": "stays open; tests/flows/test_services.py runs it",
    "make notebook": "stays open; test_notebook.py runs the notebook as a script",
    "python notebooks/release.py --home warehouse": "test_notebook.py runs it",
    "aftercare sql": "a session; tests/flows/test_sql.py types into one",
    "aftercare report --serve": "stays open; tests/unit/flows/test_report_server.py asks it",
    f"{COMPOSE} up --build --detach": "needs a container engine; test_deployment_files.py reads the file",
    f"{COMPOSE} exec worker aftercare config validate": IN_A_CONTAINER,
    f"{COMPOSE} exec worker aftercare status": IN_A_CONTAINER,
    "python -m flows.server deploy": "needs a Prefect server; tests/flows/test_services.py runs it",
    "prefect worker start --pool aftercare --type process": "stays open; tests/flows/test_services.py runs a worker",
    "aftercare models rollback MODEL_NAME": "needs a model before the present one; tests/unit/ml/test_champions.py goes back to one",
    "aftercare mapping check ours.yml --source /path/to/export": "a mapping of one's own; the same with a shipped one is run here",
    "aftercare nightly --mapping ours.yml --source /path/to/export --home /path/to/warehouse": "as the shipped one below it",
}
# Named without what they need: shown to exist, and with their arguments they stand elsewhere in the documents.
NAMED = {
    "aftercare check-delivery",
    "aftercare mapping check",
    "aftercare backfill",
    "aftercare simulate",
    "aftercare worklist",
    "aftercare reader-key",
    "aftercare diff",
}
LONG = re.compile(r"^(nightly(?! --help)|retrain|bootstrap|backfill|checks --rejudge|erase --survivor ID$)")
ON_RELEASES = re.compile(r"^(releases|rollback|diff|withdraw)")
NONE_FAILED = "no run has failed in this home; tests/faults/test_holds.py asks of one that has"
NO_MODEL = "so few people give no need model, so nobody has a priority; tests/unit/flows/test_reviews.py answers one"
ENDS_WITH = {
    text: (Exit.NOTHING_PUBLISHED, NONE_FAILED) for text in COMMANDS if text.startswith("aftercare checks --run")
}
ENDS_WITH["aftercare review EPISODE_KEY --agree"] = (Exit.USAGE, NO_MODEL)
RUN = [one for text, one in COMMANDS.items() if one.words and text not in NAMED | NOT_RUN.keys()]
QUICK, TAKES_LONG = ([one for one in RUN if bool(LONG.search(one.words)) is is_long] for is_long in (False, True))


DONE: list[list[str]] = []


def words_of(one: Documented) -> str:
    """What a test is named by."""
    return one.words


def test_what_is_not_run_is_named_by_a_document_and_has_a_reason() -> None:
    assert (NOT_RUN.keys() | NAMED) - COMMANDS.keys() == set()
    others = [text for text, one in COMMANDS.items() if not one.words and text not in NOT_RUN]
    assert [text for text in others if not text.startswith(("echo ", "AFTERCARE_DEFINITIONS="))] == []
    assert len(QUICK) > 45
    assert len(TAKES_LONG) > 8


@pytest.mark.parametrize("text", sorted(NAMED))
def test_a_command_that_is_only_named_exists(text: str) -> None:
    command: object = cli
    for word in text.split()[1:]:
        command = command.commands[word]  # type: ignore[attr-defined]
    assert [one for one in COMMANDS if one.startswith(f"{text} ")], "nowhere with its arguments"


@pytest.fixture(scope="module")
def desk(
    clean_night: WholeNight, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WholeNight, dict[str, str]]]:
    """A copy of the night for all commands here, in an order that each leaves what the next needs, and what placeholders stand for."""
    folder = tmp_path_factory.mktemp("desk")
    home = Path(shutil.copytree(clean_night.home, folder / "warehouse", symlinks=True))
    typed = Path(shutil.copytree(clean_night.delivery, folder / "typed"))
    (typed / "manifest.json").unlink()
    with duckdb.connect(str(home / "casework" / "casework.duckdb"), read_only=True) as casework:
        (episode,) = casework.execute("select min(episode_key) from forecast").fetchone() or ("",)
    real = {
        "select …": "select 1", "…": "select 1", "ID": "S-0000011", "NUMBER": "R-1", "OFFICE": "O-0000001",
        "CHECK_ID": "aso_assessments.two_on_a_day",
        "EPISODE_KEY": episode, "RELEASE": "2026-11-01-0001", "3000": "60", "300": "60",
        "/path/to/delivery": str(clean_night.delivery), "/path/to/warehouse": str(folder / "another"), "my-warehouse": str(folder / "mine"),
        "/path/to/export": str(write_export(folder / "export")),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield WholeNight(home, clean_night.delivery, clean_night.key_file, 0, ""), real
    remove_tree(home)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with three releases, to go back in."""
    home = Home(tmp_path_factory.mktemp("releases") / "home")
    home.root.mkdir()
    for number in (1, 2, 3):
        publish_one(home, make_build(home.root.parent / "b.duckdb", n_episodes=300 * number))
    yield home.root
    remove_tree(home.root)


def arguments(one: Documented, night: WholeNight, real: dict[str, str]) -> list[str]:
    """The command with what its placeholders stand for; a folder that is to be made is new for each."""
    given = [real.get(word, word) for word in shlex.split(one.words)]
    folder = {
        "mapping": real["/path/to/export"],
        "seal": "typed",
        "simulate": "simulated",
        "init": "begun",
        "backup": "backed-up",
        "restore": "backed-up",
    }
    places = {"FOLDER": folder.get(given[0], str(night.delivery)), "DELIVERY": str(night.delivery)}
    if given[0] == "seal":
        places |= {"my-data": "typed", "DELIVERY": "sealed", "delivery-2026-11": "sealed"}
    if given[0] in ("check-delivery", "nightly"):
        places |= dict.fromkeys(("delivery-2026-11", "my-delivery"), str(night.delivery))
    if given[0] == "erase":  # somebody else than the person that is asked for, and than the one before
        places[real["ID"]] = "S-0000013" if "--reference" in given else "S-0000012"
    if "--mapping" in given:  # another source has a home of its own
        places[real["/path/to/warehouse"]] = "of-the-export"
    if given[0] == "withdraw":
        given[-1] = "a wrong mapping of a code"
    return [places.get(word, word) for word in given]


@pytest.mark.parametrize("one", QUICK, ids=words_of)
def test_a_documented_command_runs(one: Documented, desk: tuple[WholeNight, dict[str, str]], releases: Path) -> None:
    night, real = desk
    home, given = releases if ON_RELEASES.search(one.words) else night.home, arguments(one, night, real)
    if given in DONE and given[0] in ("check-delivery", "seal"):
        return  # it has run and ended well, under other placeholders with the same folders behind them
    done = aftercare_here(*given, home=home, key_file=night.key_file)
    code, why = ENDS_WITH.get(one.text, (Exit.OK, ""))
    assert done.returncode == code, f"{one.document}: {why or done.stderr}"
    assert done.stdout or done.stderr
    DONE.append(given)


@pytest.mark.slow
@pytest.mark.parametrize("one", TAKES_LONG, ids=words_of)
def test_a_documented_command_that_takes_a_night_runs(one: Documented, desk: tuple[WholeNight, dict[str, str]]) -> None:
    night, real = desk
    given = arguments(one, night, real)
    if given[0] == "backfill" and "--source" in given:
        place = night.home.parent / "deliveries"
        place.mkdir(exist_ok=True)
        (place / "2026-11-01").symlink_to(night.delivery)
        given[given.index("--source") + 1] = str(place)
    source = {} if "--source" in given or given[0] != "nightly" else {"AFTERCARE_SOURCE": str(night.delivery)}
    done = aftercare(*given, home=night.home, key_file=night.key_file, **source)
    assert done.returncode == 0, f"{one.document}: {done.stderr}"


@pytest.mark.slow
def test_a_changed_definition_is_written_and_used_as_documented(desk: tuple[WholeNight, dict[str, str]]) -> None:
    night, _ = desk
    (written,) = [text for text in COMMANDS if text.startswith("echo ")]
    subprocess.run(["bash", "-c", written], check=True)
    assert "AFTERCARE_DEFINITIONS=definitions.yml aftercare nightly" in COMMANDS
    given = {"AFTERCARE_DEFINITIONS": "definitions.yml", "AFTERCARE_SOURCE": str(night.delivery)}
    done = aftercare("nightly", home=night.home, key_file=night.key_file, **given)
    assert done.returncode == 0, done.stderr
    asked = "select version from meta.definition where name = 'restoration_cutoff'"
    assert "2" in aftercare_here("sql", asked, "--format", "csv", home=night.home, key_file=night.key_file).stdout
