"""What sorts of message a newsroom gets from us."""

from __future__ import annotations

from enum import StrEnum


class ReleaseKind(StrEnum):
    """What sort of message a release is to a newsroom."""

    RELEASE = "release"
    ADVISORY = "advisory"
    CORRECTION = "correction"
    REPLACEMENT = "replacement"
    RETRACTION = "retraction"
    FOLLOW_UP = "follow_up"
    NOTICE = "notice"
    """A word about a release's embargo to those who have it: no release itself, and never on the web."""


CORRECTING = (ReleaseKind.CORRECTION, ReleaseKind.REPLACEMENT, ReleaseKind.RETRACTION)
"""The kinds that speak of an earlier release."""

WRITTEN_KINDS = tuple(kind for kind in ReleaseKind if kind is not ReleaseKind.NOTICE)
"""What people write; a notice is written by a command."""
