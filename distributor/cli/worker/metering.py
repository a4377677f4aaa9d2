"""Serving the figures beside a worker, or the web part: one page, to this machine only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from distributor.cli.terminal.output import console
from distributor.errors import BadInput, DistributorError

if TYPE_CHECKING:
    from distributor.wiring import Workspace

_HOST = "127.0.0.1"


@contextmanager
def serving_metrics(workspace: Workspace, port: int | None) -> Iterator[None]:
    """Serve `/metrics` on that port of this machine while the block runs; on none without a port.

    Raises `BadInput` when the port is taken.
    """
    if port is None:
        yield
        return
    database = workspace.database

    class Page(_Page):
        def figures(self) -> str:
            from distributor.reports.metrics import metrics_text

            return metrics_text(database)

    try:
        server = ThreadingHTTPServer((_HOST, port), Page)
    except OSError as error:
        raise BadInput(
            f"Port {port} cannot be used: {error.strerror}.", field="--metrics", mend="Take another."
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    console().print(f"Figures: http://{_HOST}:{server.server_port}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Page(BaseHTTPRequestHandler):
    """Answers GET /metrics, and nothing else."""

    timeout = 10  # whoever connects and says nothing is not waited for

    def figures(self) -> str:
        """The text of the page."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer with the figures."""
        from distributor.reports.metrics import CONTENT_TYPE

        if self.path != "/metrics":
            self.send_error(404)
            return
        try:
            body = self.figures().encode()
        except DistributorError as error:
            self.send_error(503, "the ledger does not answer", str(error))
            return
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a worker's output is about dispatches."""
