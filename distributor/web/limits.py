"""How often one visitor may ask: a bucket for each, filled by time, kept in memory and nowhere else."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_BUCKETS = 20_000


@dataclass(slots=True)
class Limiter:
    """Lets everybody ask `burst` times at once, and `per_second` times each second after that.

    `tell_time` gives seconds that only grow. Of more than twenty thousand visitors the longest absent is forgotten.
    """

    burst: float
    per_second: float
    tell_time: Callable[[], float]
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, visitor: str) -> int:
        """Take one from the visitor's bucket; return 0, or the seconds until there is one again."""
        now = self.tell_time()
        left, since = self._buckets.pop(visitor, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        missing = max(0.0, 1 - left)
        self._buckets[visitor] = (left if missing else left - 1, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return math.ceil(missing / self.per_second)


def visitor_of(host: str | None) -> str:
    """What stands for a visitor: the IP address, or of IPv6 the network (/64), which one household has whole."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
