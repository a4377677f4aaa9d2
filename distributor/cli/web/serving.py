"""Behind `distributor serve`: what it wants installed and set, and where its log goes."""

from __future__ import annotations

import ipaddress
import sys
from typing import TYPE_CHECKING

from distributor.cli.terminal.output import console, visible
from distributor.errors import BadInput, Interrupted
from distributor.settings import PREFIX
from distributor.wiring import Workspace

if TYPE_CHECKING:
    from rich.console import Console

_WANTED = ("starlette", "uvicorn", "python_multipart")


def require_web() -> None:
    """Raise `BadInput` unless the extra `web` is installed."""
    from importlib.util import find_spec

    if not all(map(find_spec, _WANTED)):
        raise BadInput("The web part is not installed.", mend="Run: pip install 'distributor[web]'")


def show_hooks(workspace: Workspace, out: Console) -> None:
    """Print the address that each provider is to call."""
    from distributor.web.hooks import addresses

    if not workspace.settings.public_url:
        raise BadInput("No public address is set.", field=f"{PREFIX}PUBLIC_URL", mend="Write it in .env first.")
    for name, url in addresses(workspace.keyring, workspace.settings.public_url).items():
        out.print(f"{name:<9} {url}", soft_wrap=True)


def serve_workspace(workspace: Workspace, host: str, port: int, proxy: str) -> None:
    """Serve until a signal comes, which ends it as `Interrupted`."""
    from distributor.web.server import open_server, open_socket, serve

    server = open_server(workspace, proxy=proxy, say=_log)
    listening = open_socket(host, port)
    place, number, *_ = listening.getsockname()
    shown = f"[{place}]" if ":" in place else place
    out = console()
    if not workspace.settings.public_url:
        out.print(f"{PREFIX}PUBLIC_URL is not set: messages lead nobody here.")
    if not ipaddress.ip_address(host).is_loopback:
        out.print("It listens to other machines, in clear: let only a proxy with TLS reach it.")
    out.print(f"Listening at http://{shown}:{number}. Ctrl-C ends.")
    sys.stdout.flush()
    try:
        serve(server, listening)
    except KeyboardInterrupt:
        raise Interrupted("Stopped; everything is saved.", mend="Go on with: distributor serve") from None
    finally:
        listening.close()


def _log(line: str) -> None:
    """One line on standard error, where systemd takes it up; it holds no address, no token, and not who asked."""
    sys.stderr.write(f"{visible(line)}\n")
    sys.stderr.flush()
