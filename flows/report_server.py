"""The report of the live release on this machine's loopback: read-only, no folder listing, nothing but the report's own pages."""

import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from markupsafe import Markup

from flows.errors import HomeError, StageError
from flows.publish import withdrawal
from flows.publish.release import hold_state, release_folder
from flows.publish.report.words import words
from flows.warehouse import Home

HOST, PORT = "127.0.0.1", 4201
PAGE = re.compile(r"/([a-z0-9][a-z0-9-]{0,80}\.html)")
POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
BODY = re.compile(r"<body[^>]*>")
ALERT = '<p role="alert"><strong>{}</strong></p>'
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"


class Report:
    """What there is to show: looked up at each request, so that a new release is shown as soon as it is live."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def page(self, name: str) -> str | None:
        """A page by its file name, which begins with the notice where the release was withdrawn; None where there is none of that name."""
        folder = release_folder(self.home) / "report"
        files = {path.name: path for path in folder.iterdir() if path.is_file()}
        if name not in files:
            return None
        page, said = files[name].read_text(encoding="utf-8"), withdrawal.notice(self.home, folder.parent.name)
        return BODY.sub(lambda body: body.group() + Markup(ALERT).format(said), page, count=1) if said else page

    def notice(self) -> str | None:
        """The page before the report while it is withdrawn, publishing is on hold or later runs did not publish; else None."""
        told, hold, live = words(), hold_state(self.home), release_folder(self.home)
        failed, said = _failed_since(self.home, live), withdrawal.notice(self.home, live.name)
        if hold is None and not failed and not said:
            return None
        lines = [said] if said else []
        lines += [told("serve.hold", what=hold.what, at=hold.at[:10])] if hold else []
        lines += [told("serve.failed", n=failed)] if failed else []
        body = Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)
        return Markup(
            '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            '<title>{title}</title></head><body><main><h1>{title}</h1>{body}<p><a href="/index.html">{go_on}</a></p></main></body></html>'
        ).format(lang=told.language, title=told("serve.title"), body=body, go_on=told("serve.go_on"))


def _failed_since(home: Home, live: Path) -> int:
    """How many runs that are kept because they did not publish began after the live release was made."""
    made = live.stat().st_mtime
    return sum(path.is_dir() and path.stat().st_mtime > made for path in home.runs.glob("[0-9]*T*"))


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for `/` and for pages of the report, to who asks for this machine by a loopback name."""

    report: Report
    server_version, sys_version = "aftercare", ""

    def do_GET(self) -> None:
        """Answer with the page."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without the page."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        # A page elsewhere could name this address as its own host: then the browser would let it read the report.
        if self.headers.get("Host", "") not in self._names():
            self._send(403, "", with_body)
            return
        try:
            status, page = self._found()
        except StageError as error:
            status, page = 503, str(Markup("<!doctype html><title>aftercare</title><p>{}</p>").format(error.text()))
        self._send(status, page, with_body)

    def _found(self) -> tuple[int, str]:
        path = self.path.split("?", 1)[0]
        if path == "/":
            notice = self.report.notice()
            return (200, notice) if notice else (302, "")
        named = PAGE.fullmatch(path)
        page = self.report.page(named.group(1)) if named else None
        return (200, page) if page is not None else (404, "")

    def _names(self) -> set[str]:
        port = str(self.server.server_port)  # type: ignore[attr-defined]  # an HTTPServer, by `server` below
        return {f"{HOST}:{port}", f"localhost:{port}"}

    def _send(self, status: int, page: str, with_body: bool) -> None:
        body = page.encode()
        policy = POLICY.search(page)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/index.html")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # Jinja escapes quotes of the policy in the page.
        said = Markup(policy.group(1)).unescape() if policy else NOTHING
        self.send_header("Content-Security-Policy", f"{said}; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: who looked at which partner is nobody's business."""


def server(home: Home, port: int = PORT) -> ThreadingHTTPServer:
    """A server that listens on loopback, not yet serving. Raises HomeError when the port is taken."""
    handler = type("HandlerOfHome", (Handler,), {"report": Report(home)})
    try:
        return ThreadingHTTPServer((HOST, port), handler)
    except OSError:
        raise HomeError(
            f"port {port} of this machine is taken", stage="report", next_step="name another one with --port"
        ) from None


def serve(home: Home, port: int, say: Callable[[str], object]) -> None:
    """Serve until interrupted. Raises NothingPublishedError when there is nothing to serve."""
    release_folder(home)
    with server(home, port) as listening:
        say(f"The report is at http://{HOST}:{listening.server_address[1]}/ for this machine only (Ctrl-C stops it)")
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            return
