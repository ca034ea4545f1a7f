"""The Prefect server as a child process that ends when its parent does, however the parent ends.

Run as `python -m flows.prefect_child <port>` with a pipe as standard input: when the pipe closes, the server shuts down in order.
"""

import os
import signal
import sys
import threading

LOOPBACK = "127.0.0.1"
SHUTDOWN_SECONDS = 5


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Serve on loopback until the parent closes the pipe; 0 when the server was shut down in order."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    uvicorn.run(
        create_app(final=True),
        host=LOOPBACK,
        port=int(arguments[0]),
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
