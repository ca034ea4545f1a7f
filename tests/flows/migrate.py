"""Prefect's tables in a PostgreSQL that has no contributed modules: all of Prefect's own migrations but the trigram indexes.

The PostgreSQL of the tests comes from a wheel without pg_trgm, which every packaged PostgreSQL has. The indexes only make searches
by part of a name faster. Run as a script, in the environment of the service `server`.
"""

import asyncio
from typing import Any

from alembic.ddl.impl import DefaultImpl
from prefect.server.database import provide_database_interface

execute = DefaultImpl._exec


def _without_trigrams(self: DefaultImpl, construct: Any, *given: Any, **named: Any) -> Any:
    return None if "trgm" in str(construct) else execute(self, construct, *given, **named)


DefaultImpl._exec = _without_trigrams  # type: ignore[method-assign]
asyncio.run(provide_database_interface().create_db())
