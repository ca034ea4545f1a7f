"""Who may read what of a home, as modes of its folders: the pipeline's user everything, its group releases and nothing else.

An analyst's user belongs to that group: she reads `current` and `releases/`, and adds her lines to the access log. Raw files, what nights
remember, models, builds, case-work and erasure are the pipeline's alone.
"""

import stat

from flows.errors import HomeError
from flows.warehouse import Home

ROOT = 0o750
OWNER_ALONE = ("raw", "history", "runs", "models", "casework", "erasure")


def enforce(home: Home) -> None:
    """Gives each folder of a home its mode. Raises HomeError where it is another user's.

    The home itself loses what others may do, never what its group may.
    """
    wanted = {home.root / name: 0o700 for name in OWNER_ALONE if (home.root / name).is_dir()}
    for name in ("raw", "history", "runs", "models"):
        (home.root / name).mkdir(mode=0o700, exist_ok=True)
    wanted[home.root] = stat.S_IMODE(home.root.stat().st_mode) & ROOT | 0o700
    try:
        for folder, mode in wanted.items():
            if stat.S_IMODE(folder.stat().st_mode) != mode:
                folder.chmod(mode)
    except OSError as error:
        raise HomeError(
            "folders of the home cannot be closed to other users",
            stage="home",
            next_step="give the home and all in it to the user that the pipeline runs as",
        ) from error
