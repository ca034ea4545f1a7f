"""The report on loopback: its own pages with their policy, and nothing else, whatever is asked."""

import http.client
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.errors import HomeError, NothingPublishedError
from flows.publish import hold, withdrawal
from flows.publish.files import remove_tree
from flows.report_server import HOST, serve, server
from flows.warehouse import Home
from tests.unit.publish.builds import make_build, publish_one


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with one release."""
    folder = tmp_path_factory.mktemp("served")
    found = Home(folder / "home")
    found.root.mkdir()
    publish_one(found, make_build(folder / "b.duckdb"))
    yield found
    remove_tree(found.root)


@pytest.fixture
def port(home: Home) -> Iterator[int]:
    """The port that the report is served on."""
    with server(home, 0) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield listening.server_address[1]
        listening.shutdown()
        thread.join()


def ask(port: int, path: str, *, method: str = "GET", host: str | None = None) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of one answer; the path goes out as it is."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"{HOST}:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_every_page_is_served_as_it_is_in_the_release(home: Home, port: int) -> None:
    for path in (home.current / "report").iterdir():
        status, headers, body = ask(port, f"/{path.name}")
        assert (status, body) == (200, path.read_text())
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("frame-ancestors 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
    assert ask(port, "/index.html", method="HEAD")[2] == ""


@pytest.mark.parametrize(
    "path",
    ["/../manifest.json", "/..%2fmanifest.json", "/%2e%2e/marts.duckdb", "//etc/passwd", "/../../../audit.log", "/report/index.html",
     "/index.html/", "/.", "/..", "/INDEX.HTML", "/index.html%00", "/share/curves.csv", "/manifest.json", "http://example.org/index.html"],
)  # fmt: skip
def test_nothing_else_is_served(port: int, path: str) -> None:
    status, headers, body = ask(port, path)
    assert (status, body) == (404, "")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_can_only_be_read(port: int, method: str) -> None:
    assert ask(port, "/index.html", method=method)[0] == 501


@pytest.mark.parametrize("host", ["example.org", "example.org:80", "10.0.0.1", "127.0.0.1"])
def test_a_page_elsewhere_cannot_read_it_under_a_name_of_its_own(port: int, host: str) -> None:
    assert ask(port, "/index.html", host=host)[0] == 403


def test_the_start_leads_to_the_report_unless_it_is_held_or_a_later_run_failed(home: Home, port: int) -> None:
    status, headers, _ = ask(port, "/")
    assert (status, headers["Location"]) == (302, "/index.html")
    hold.put(home, what="rollback <b>", why="a reason", at=datetime(2026, 11, 3, tzinfo=UTC), release_id="x")
    (home.runs / "20990101T000000").mkdir(parents=True)
    try:
        status, _, body = ask(port, "/")
    finally:
        hold.lift(home)
        (home.runs / "20990101T000000").rmdir()
    assert status == 200
    assert "Publishing is on hold since 2026-11-03 (rollback &lt;b&gt;)" in body
    assert "1 later run was held or refused" in body
    assert 'href="/index.html"' in body


def test_P22_every_page_of_a_withdrawn_release_says_so_first(home: Home, port: int) -> None:
    live = (home.current).resolve()
    withdrawal.withdraw(home, live.name, reason="the <scale> was read wrong", at=datetime(2026, 11, 4, tzinfo=UTC))
    try:
        status, _, start = ask(port, "/")
        pages = {path.name: ask(port, f"/{path.name}")[2] for path in (live / "report").glob("*.html")}
    finally:
        (home.root / withdrawal.FILE).unlink()
    said = "WITHDRAWN 2026-11-04: the &lt;scale&gt; was read wrong. Do not use it."
    assert (status, said in start) == (200, True)
    assert len(pages) > 1
    assert all(said in page[: page.index("<h1")] for page in pages.values())
    assert said not in ask(port, "/index.html")[2], "the release itself is as it was"


def test_it_listens_on_loopback_only_and_a_taken_port_is_a_clean_refusal(home: Home) -> None:
    with server(home, 0) as listening:
        host, port = listening.server_address[:2]
        assert host == "127.0.0.1"
        with pytest.raises(HomeError, match="is taken"):
            server(home, int(port))


def test_where_nothing_is_published_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(NothingPublishedError):
        serve(Home(tmp_path), 0, print)
