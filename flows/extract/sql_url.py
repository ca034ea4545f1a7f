"""The URL of a database that SQLAlchemy reads, without a password, and the schema of the tables."""

from dataclasses import dataclass

from flows.errors import Exit, StageError

STAGE = "delivery check"
DEFAULT_SCHEMA = "jds"
# These have no schemas beside the database itself.
WITHOUT_SCHEMA = frozenset({"sqlite", "mysql", "mariadb"})
SECRETS = frozenset({"password", "passwd", "pwd", "odbc_connect", "token", "sslpassword"})


class SourceError(StageError):
    """The source is named in a way that cannot be used."""

    code = Exit.USAGE


@dataclass(frozen=True)
class SqlUrl:
    """A URL in SQLAlchemy's form, its schema taken out; `origin` is the place alone, without user and options."""

    text: str
    schema: str | None
    origin: str

    def __str__(self) -> str:
        """The whole URL, which `parse_sql_url` reads again."""
        if self.schema is None:
            return self.text
        return f"{self.text}{'&' if '?' in self.text else '?'}schema={self.schema}"


def parse_sql_url(source: str) -> SqlUrl:
    """The database that a URL names. SourceError where it cannot be read, holds a password, or its driver is not installed."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = make_url(source)
        dialect = url.get_dialect()
    except NoSuchModuleError:
        raise _refused(
            "there is no dialect of SQLAlchemy for this kind of database",
            "use a folder, postgresql://user@host/database, or install the dialect's package beside aftercare",
        ) from None
    except (ArgumentError, ValueError):
        raise _refused("the URL of the database cannot be read", "write it as dialect://user@host/database") from None
    if url.password is not None or SECRETS & {name.lower() for name in url.query}:
        raise _refused(
            "a password stands in the URL of the database",
            "leave it out and set AFTERCARE_DATABASE_PASSWORD; change it if the URL was stored",
        )
    try:
        dialect.import_dbapi()
    except ImportError:
        raise _refused(
            "the driver of this kind of database is not installed",
            "install the package of the driver that the URL names beside aftercare, then run again",
        ) from None
    query = dict(url.query)
    schema = query.pop("schema", None if dialect.name in WITHOUT_SCHEMA else DEFAULT_SCHEMA)
    place = url.set(username=None, query={"schema": str(schema)} if schema else {})
    return SqlUrl(
        url.set(query=query).render_as_string(hide_password=False),
        str(schema) if schema else None,
        place.render_as_string(hide_password=True),
    )


def _refused(rule: str, next_step: str) -> SourceError:
    return SourceError(rule, stage=STAGE, next_step=next_step)
