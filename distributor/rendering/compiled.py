"""What templates were compiled to, kept in the process: a dispatch is proved with one set and sent with its equal."""

from __future__ import annotations

from types import CodeType

from jinja2.bccache import Bucket, BytecodeCache

_KEPT = 256


class Compiled(BytecodeCache):
    """Code by name and text of a template, for environments that compile alike; in memory only."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was kept."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it. A process that sees ever new templates begins anew now and then."""
        if len(self._codes) >= _KEPT:
            self._codes.clear()
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code
