"""What every page and endpoint works with: the workspace, the clocks, the limits, the pages' words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import anyio.to_thread
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request

from distributor import clock
from distributor.db.engine import made_anew_when_crossed
from distributor.dispatch.messages.identity import Identity
from distributor.feedback.telling import Telling
from distributor.incoming import Incoming
from distributor.tokens import BadToken, Keyring, Purpose
from distributor.web.limits import Limiter, visitor_of
from distributor.web.pages import Pages
from distributor.wiring import Workspace

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 8


class Site:
    """One workspace on the web. `say` takes the lines of the log; `now` and `tell_time` are the clocks."""

    def __init__(
        self,
        workspace: Workspace,
        say: Callable[[str], None],
        now: Callable[[], datetime] = clock.now,
        tell_time: Callable[[], float] = clock.monotonic,
    ) -> None:
        self.workspace = workspace
        self.keyring: Keyring = workspace.keyring
        self.database = workspace.database
        self.intake = Incoming(workspace).intake()
        self.say = say
        self.now = now
        self.tell_time = tell_time
        self.identity = Identity.from_settings(workspace.settings, signed=False)
        """Who speaks here. `BadInput` when nobody is set."""
        self.pages = Pages(workspace.settings.language)
        self.prefix = urlsplit(workspace.settings.public_url).path.rstrip("/")
        """Where the public address begins: links of ours start there."""
        self.visits = Limiter(burst=120, per_second=2, tell_time=tell_time)
        """By visitor, for what anybody may ask."""
        self.misses = Limiter(burst=20, per_second=0.5, tell_time=tell_time)
        """By visitor, for links that are not ours: whoever tries them out is soon refused."""
        self.uses = Limiter(burst=60, per_second=0.5, tell_time=tell_time)
        """By link to object with: mailbox providers follow them for many people at once, from one machine."""
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def read(self, ask: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `ask` finds, in a transaction that only reads, in a thread."""

        def in_thread() -> T:
            with self.database.session(reads_only=True) as session:
                return ask(session, *args, **kwargs)

        return await anyio.to_thread.run_sync(in_thread, limiter=self._threads)

    async def write(self, do: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `do` returns once its transaction is committed: what is answered after that is on the disk.

        Two who write the same at once (a click, and the same click again) meet in the database, which lets one through:
        the other begins anew, and finds it done.
        """

        @made_anew_when_crossed
        def in_thread() -> T:
            with self.database.session() as session:
                return do(session, *args, **kwargs)

        return await anyio.to_thread.run_sync(in_thread, limiter=self._threads)

    async def take_told(self, events: Sequence[Telling]) -> int:
        """Act on what a provider told, each in a transaction of its own; return how much of it was new."""

        def in_thread() -> int:
            return sum(taken.is_new for event in events for taken in self.intake.take_told(event))

        return await anyio.to_thread.run_sync(in_thread, limiter=self._threads)

    async def compute(self, work: Callable[[], T]) -> T:
        """What takes a while without the database, in a thread."""
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    def number_in(self, request: Request, purpose: Purpose) -> int:
        """The number that the link's token names; 404 for what is no link of ours, 429 for who tries too many."""
        token = request.path_params["token"]
        try:
            number = self.keyring.read_token(purpose, token)
        except BadToken:
            wait = self.misses.wait(visitor_of(request.client.host if request.client else None))
            raise busy(wait) if wait else HTTPException(404) from None
        # A release is read by many, and a provider may have much to tell; a link to object with has one reader.
        if purpose is Purpose.UNSUBSCRIBE and (wait := self.uses.wait(str(number))):
            raise busy(wait)
        return number

    def release_path(self, release_id: int) -> str:
        """Where a release stands, from the root of the site."""
        return f"{self.prefix}/r/{self.keyring.token(Purpose.RELEASE, release_id)}"


def busy(seconds: int) -> HTTPException:
    """The answer to who asks too often."""
    return HTTPException(429, headers={"Retry-After": str(seconds)})
