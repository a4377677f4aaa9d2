"""The ways out: each sending account with its connections, its limits and the road to its server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from distributor.transport.base import Transport
from distributor.transport.throttle import NO_LIMITS, DomainLimits, Limits, no_domain_limits


@dataclass(frozen=True, slots=True)
class Way:
    """One account as a run uses it.

    `limits` are the account's; `domain_limits` are kept besides.
    """

    account: str
    transport: Transport
    connections: int
    limits: Limits = NO_LIMITS
    domain_limits: DomainLimits = no_domain_limits


class Ways(Protocol):
    """The accounts that there are."""

    def way(self, account: str) -> Way:
        """The way through the account of that name; raise `AccountTrouble` or `BadInput` where it cannot be used."""
        ...


@dataclass(frozen=True, slots=True)
class OneWay:
    """The same way out for every account: to the server of a demo, say."""

    transport: Transport
    connections: int = 1

    def way(self, account: str) -> Way:
        """See `Ways.way`."""
        return Way(account, self.transport, self.connections)
