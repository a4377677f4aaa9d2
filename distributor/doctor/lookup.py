"""Questions to DNS: a few seconds for all of them together, and silence is told from «there is none»."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from distributor import clock
from distributor.doctor.check import NotExamined

if TYPE_CHECKING:
    import dns.rdata
    import dns.resolver

Lookup = Callable[[str, str], Sequence[str]]
"""(name, record type) → the records as text, none when there are none; raises `DnsSilent` without an answer.

A TXT record comes with its strings joined (RFC 7208 §3.3), an MX record as `preference host.`.
"""

TOTAL_SECONDS = 6.0
EACH_SECONDS = 2.0

_RESERVED = ("example", "invalid", "test", "localhost")


def is_for_examples(name: str) -> bool:
    """Whether a name's ending is kept for examples and tests (RFC 2606 §2): DNS knows nothing of it."""
    return name.rpartition(".")[2] in _RESERVED


class DnsSilent(NotExamined):
    """DNS does not answer: nothing can be said about a name."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"DNS does not answer here ({reason}).")


class DnsLookup:
    """A `Lookup` through `resolver` (default: this machine's); makes no socket before it is asked.

    A resolver inside a closed network may say «there is none» of everything: before a «none» is believed, it must know
    the name's last label, which exists for every public name.
    """

    def __init__(self, resolver: dns.resolver.Resolver | None = None, total_seconds: float = TOTAL_SECONDS) -> None:
        self._resolver = resolver
        self._until = clock.monotonic() + total_seconds
        self._known_endings: set[str] = set()

    def __call__(self, name: str, kind: str) -> Sequence[str]:
        """The records of `kind` at `name`; `DnsSilent` when no server says."""
        ending = name.rpartition(".")[2]
        if is_for_examples(name):
            raise DnsSilent("names of this ending are for examples, RFC 2606")
        found = self._ask(name, kind)
        if not found and ending not in self._known_endings:
            if not self._ask(ending, "NS"):
                raise DnsSilent(f"it does not know the ending .{ending}")
            self._known_endings.add(ending)
        return found

    def _ask(self, name: str, kind: str) -> list[str]:
        left = self._until - clock.monotonic()
        if left <= 0:
            raise DnsSilent("it takes too long")
        # A twentieth of a second, and most proofs have nothing to ask.
        import dns.exception  # noqa: PLC0415
        import dns.resolver  # noqa: PLC0415

        try:
            self._resolver = self._resolver or dns.resolver.Resolver()
            answer = self._resolver.resolve(name + ".", kind, lifetime=min(left, EACH_SECONDS), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.Timeout:
            raise DnsSilent("no answer in time") from None
        except dns.resolver.NoResolverConfiguration:
            raise DnsSilent("no resolver is set up") from None
        except dns.resolver.NoNameservers:
            raise DnsSilent("no server could answer") from None
        except OSError as error:
            raise DnsSilent(error.strerror or str(error)) from None
        except dns.exception.DNSException:
            return []  # a name that cannot be one (an empty or endless label) has no records
        return [_text(record) for record in answer]


def _text(record: dns.rdata.Rdata) -> str:
    strings: tuple[bytes, ...] | None = getattr(record, "strings", None)
    return record.to_text() if strings is None else b"".join(strings).decode("utf-8", "replace")
