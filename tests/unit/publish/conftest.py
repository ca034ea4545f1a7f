import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.publish.files import remove_tree
from flows.publish.release import assemble
from flows.warehouse import Home
from tests.unit.publish.builds import make_build, make_facts, publish_one


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what all tests share; removed although releases in it are read-only."""
    folder = tmp_path_factory.mktemp("workshop")
    yield folder
    remove_tree(folder)


@pytest.fixture(scope="session")
def build(workshop: Path) -> Path:
    """A build file that no test may change."""
    path = make_build(workshop / "build.duckdb")
    path.chmod(0o440)
    return path


@pytest.fixture(scope="session")
def assembled(workshop: Path, build: Path) -> Path:
    """An assembled folder that no test may change."""
    models = workshop / "models" / "risk"
    models.mkdir(parents=True)
    (models / "model.json").write_text('{"coefficients": [1, 2]}')
    home = Home(workshop / "assembling")
    home.root.mkdir()
    return assemble(home, build, make_facts(home), models_folder=models.parent)


@pytest.fixture(scope="session")
def three(workshop: Path) -> Path:
    """The root of a home with three releases whose marts, models and counts differ; no test may change it."""
    home = Home(workshop / "three")
    home.root.mkdir()
    for number in (1, 2, 3):
        build = make_build(workshop / "b.duckdb", n_episodes=300 * number, stamp=f"stamp {number}")
        models = workshop / f"models-{number}"
        models.mkdir()
        (models / "model.json").write_text(f'{{"number": {number}}}')
        publish_one(home, build, models)
    return home.root


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty home."""
    root = tmp_path / "home"
    root.mkdir()
    yield Home(root)
    remove_tree(root)


@pytest.fixture
def kept(three: Path, tmp_path: Path) -> Iterator[Home]:
    """A home of one's own with three releases, the third of them live."""
    root = tmp_path / "kept"
    shutil.copytree(three, root, symlinks=True)
    yield Home(root)
    remove_tree(root)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one model."""
    folder = tmp_path / "models"
    (folder / "risk").mkdir(parents=True)
    (folder / "risk" / "model.json").write_text('{"coefficients": [1, 2]}')
    return folder
