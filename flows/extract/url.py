"""The URL of a PostgreSQL source, taken apart. A password is never part of it: it would be printed, logged and stored with the URL."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from flows.extract.sql_url import DEFAULT_SCHEMA, STAGE, SourceError

__all__ = ["STAGE", "DatabaseUrl", "SourceError", "is_postgres", "is_url", "parse_url"]

# What libpq may be told in the URL besides host, port, user and database.
OPTIONS = frozenset(
    {"host", "port", "user", "connect_timeout", "passfile", "sslmode", "sslrootcert", "sslcert", "sslkey",
     "sslcrl", "target_session_attrs", "keepalives", "keepalives_idle", "channel_binding", "gssencmode", "service"}
)  # fmt: skip


@dataclass(frozen=True)
class DatabaseUrl:
    """Where a database is, as libpq's own words (host, port, user, dbname and options), and the schema of the tables."""

    libpq: tuple[tuple[str, str], ...]
    schema: str

    @property
    def origin(self) -> str:
        """Where the tables are, without a user: what is kept with a delivery."""
        return self._text({"host", "port", "dbname"})

    def __str__(self) -> str:
        """The whole URL, which `parse_url` reads again."""
        return self._text({name for name, _ in self.libpq})

    def conninfo(self, **defaults: str) -> str:
        """libpq's `name='value'` text; defaults hold where the URL says nothing."""
        parts = defaults | dict(self.libpq)
        return " ".join(f"{name}='{_escaped(value)}'" for name, value in parts.items())

    def _text(self, names: set[str]) -> str:
        said = {name: value for name, value in self.libpq if name in names}
        path = quote(said.pop("dbname", ""), safe="")
        return f"postgresql:///{path}?" + urlencode({**said, "schema": self.schema}, safe="/")


def is_url(source: str) -> bool:
    """Whether a source is named by a URL other than that of a folder."""
    return "://" in source and not source.startswith("file://")


def is_postgres(source: str) -> bool:
    """Whether a URL names a PostgreSQL database, whatever driver it names."""
    return source.partition(":")[0].partition("+")[0].lower() in {"postgresql", "postgres"}


def parse_url(source: str) -> DatabaseUrl:
    """The database that a URL names, in SQLAlchemy's form or libpq's. SourceError where it cannot be read or holds a password."""
    try:
        parts = urlsplit(source)
        port = parts.port
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _refused(
            "the URL of the database cannot be read", "write it as postgresql://user@host/database"
        ) from None
    if not is_postgres(source):
        raise _refused("only a PostgreSQL database can be used here", "use postgresql://user@host/database")
    if parts.password is not None or "password" in options:
        raise _refused(
            "a password stands in the URL of the database",
            "leave it out and set AFTERCARE_DATABASE_PASSWORD, PGPASSWORD or a pgpass file; change it if the URL was stored",
        )
    schema = options.pop("schema", DEFAULT_SCHEMA)
    unknown = set(options) - OPTIONS
    if unknown or not schema:
        raise _refused(f"{len(unknown)} options of the URL are not known", f"use: schema, {', '.join(sorted(OPTIONS))}")
    said = {"host": parts.hostname, "port": str(port) if port else None, "user": unquote(parts.username or "")}
    said["dbname"] = unquote(parts.path.lstrip("/"))
    given = {name: value for name, value in said.items() if value} | options
    return DatabaseUrl(tuple(sorted(given.items())), schema)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _refused(rule: str, next_step: str) -> SourceError:
    return SourceError(rule, stage=STAGE, next_step=next_step)
