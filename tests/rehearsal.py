"""The usual commands, run once in the process that others are forked from: what one works out and keeps, all have.

Patterns, templates and the SQL of statements are worked out by the first that needs them and kept as long as the
process: they depend on nothing but what was asked. So here the first is no test's.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import signal
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smtpserver import running
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_PATIENCE_S = 120
_SCRIPT = """\
init press
contacts import press/lists/sante.csv --list sante --sector Santé
contacts import press/lists/social.csv --list social --sector Social
contacts list
contacts list --json
lists list
suppressions add beatrice.loeuillet@tele-garonne.example
suppressions check beatrice.loeuillet@tele-garonne.example
releases import marees.md --slug marees
releases list
releases proof marees --list sante
releases preview marees
send marees --list sante --dry-run
send marees --list sante --yes
dispatches list
dispatches show 1
dispatches show 1 --json
dispatches manifest 1
dispatches resume 1
work --once
releases show marees
dispatches retry 1 --state rejected
releases follow-up marees corrected.md
send marees-relance --yes
releases correct marees corrected.md
releases sign-off marees-rectificatif --by Anne
send marees-rectificatif --yes
dispatches resolve 1
dispatches cancel 1
feedback list
accounts add second --host 127.0.0.1 --security plain
accounts list
workers list
report marees
report marees --json
agenda
"""
_SETTINGS = {
    "DISTRIBUTOR_SMTP_HOST": "127.0.0.1",
    "DISTRIBUTOR_SMTP_SECURITY": "plain",
    "DISTRIBUTOR_MAIL_FROM": "Service de presse <presse@observatoire-littoral.example>",
    "DISTRIBUTOR_SIGN_OFFS": "0",
    "DISTRIBUTOR_COOL_DOWN": "0",
}


def rehearse() -> None:
    """Run them, with a mail server in this process, in a folder that is gone afterwards."""
    from distributor.starter import starter_path

    _put_together_once()
    _inline_once()
    _compile_once()
    environment, arguments, place = dict(os.environ), sys.argv, Path.cwd()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())  # a command that ends holds back what would disturb its end
    signal.alarm(_PATIENCE_S)  # whoever hangs here would keep every test waiting
    with tempfile.TemporaryDirectory() as folder, running() as server:
        os.environ.update(_SETTINGS, DISTRIBUTOR_SMTP_PORT=str(server.port))
        os.chdir(folder)
        text = starter_path("releases/marees-2050.md").read_text(encoding="utf-8")
        Path("marees.md").write_text(text, encoding="utf-8")
        Path("corrected.md").write_text(f"{text}\nUn mot de plus.\n", encoding="utf-8")
        for line in _SCRIPT.splitlines():
            _run(["--workspace", "press", *line.split()])
        for end in [one for one in weakref.finalize._registry if one.atexit]:
            end()  # each fork would at its own end
    signal.alarm(0)
    signal.pthread_sigmask(signal.SIG_SETMASK, held)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    os.chdir(place)
    assert threading.active_count() == 1, "who forks beside a thread may fork a lock that it holds"


def _run(arguments: Sequence[str]) -> None:
    """What it says, and whether that is right, is for tests to see."""
    from distributor.cli.app import run

    sys.argv = ["distributor", *arguments]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run()


def _put_together_once() -> None:
    """Let every command be put together once: typer reads its parameters off a function each time that it does it.

    Which of them make up the command line is still found out for each command by its arguments.
    """
    import pydantic
    from typer import _adapters, _coercion, main

    from distributor.cli import app

    for module, name in (
        (main, "get_params_from_function"),
        (main, "get_command_from_info"),
        (main, "get_group_from_info"),
        (_adapters, "try_build_adapter"),
        (_coercion, "bool_flag_type_descriptor"),
        (app, "_listed_command"),
        (app, "_listed_group"),
        (pydantic, "TypeAdapter"),
    ):
        vars(module)[name] = functools.cache(vars(module)[name])
    waiting: list[Any] = [main.get_command(app.app)]
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        for parameter in command.params:
            parameter.get_runtime_param()
    for group in app.app.registered_groups:
        main.get_command(app._meant(app.app, [str(group.name)]))


def _inline_once() -> None:
    """Let the templates that come with us have their styles in place: they lie in every workspace."""
    from distributor.rendering import inlining

    kept: dict[tuple[str, str], inlining.Inlined] = {}
    inline = inlining.inline_source

    def inline_source(source: str, css: str, file: str) -> inlining.Inlined:
        if (source, css) not in kept:
            kept[source, css] = inline(source, css, file)
        return kept[source, css]

    vars(inlining)["inline_source"] = inline_source


def _compile_once() -> None:
    """Let what was compiled for one SQLite file be known for all: every one has the same library behind it."""
    from distributor.db import engine

    kept: dict[str, Any] = {}

    def create(url: Any, **options: Any) -> Engine:
        made = create_engine(url, **options)
        if isinstance(made.dialect, SQLiteDialect_pysqlite):
            made._compiled_cache = kept.setdefault("sqlite", made._compiled_cache)
        return made

    vars(engine)["create_engine"] = create
    # It is a part of each key.
    SQLiteDialect_pysqlite.__eq__ = lambda one, other: type(one) is type(other)
    SQLiteDialect_pysqlite.__hash__ = lambda one: hash(type(one))
