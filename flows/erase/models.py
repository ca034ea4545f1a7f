"""Models that were trained while erased people were among the data: marked, so that a retraining is due."""

import json
import os
from datetime import datetime

from flows.publish import files
from flows.warehouse import Home

NAME = "retrain_due.json"


def mark_models(home: Home, *, at: datetime) -> list[str]:
    """Marks every model of the registry, since each was trained before; their ids. What they hold are coefficients and counts."""
    trained = sorted(path.parent.name for path in home.models.glob("[0-9a-f]*/model.json"))
    if trained:
        fresh = home.models / f".{NAME}"
        files.write_text(fresh, files.canonical_json({"since": at.isoformat(), "models": trained}) + "\n")
        os.replace(fresh, home.models / NAME)
        files.sync_folder(home.models)
    return trained


def due_since(home: Home, in_use: list[str]) -> str | None:
    """When a retraining became due for the models in use (ISO 8601), None where none of them is marked."""
    path = home.models / NAME
    if not path.exists():
        return None
    marked = json.loads(path.read_text(encoding="utf-8"))
    return str(marked["since"]) if set(in_use) & set(marked["models"]) else None
