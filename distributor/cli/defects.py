"""What becomes of an error that nobody foresaw: one sentence in place of a traceback, the details in a file."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from distributor.errors import BadInput, DistributorError, Refused

if TYPE_CHECKING:
    from distributor.dispatch.carry import Carrier

_THE_MACHINES = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENAMETOOLONG, errno.ELOOP}
)
"""What the system says of a file or folder that was named to us, wherever we meet it: no defect of ours."""


def confess(error: Exception) -> DistributorError:
    """Keep the traceback of `error` in a file; return the sentence that says so, with the exit code of a defect.

    A file or folder that the system does not let us use is no defect, and is named.
    """
    if isinstance(error, OSError) and error.errno in _THE_MACHINES and isinstance(error.filename, str):
        return BadInput(f"{error.strerror}.", file=error.filename, mend="Check it, the folder it is in, and the disk.")
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="distributor-", suffix=".txt", delete=False, encoding="utf-8"
    ) as details:
        traceback.print_exception(error, file=details)
    # Not the exception's own words: they may quote addresses, and this sentence ends in logs and bug reports.
    name = type(error).__name__
    return DistributorError(f"This is a defect of Distributor, not of yours ({name}). Details: {details.name}")


def set_aside(carrier: Carrier, dispatch_id: int, error: Exception) -> DistributorError:
    """Pause a dispatch that would fail again, and not hold up the others for it; return what is said of it.

    Where several machines share the database, it may be the files or the key of this one that are wrong: it is left to
    the others, and where nobody else is there the reason names this one.
    """
    from distributor.deliveries.workers import host_of

    trouble = error if isinstance(error, DistributorError) else confess(error)
    reason = trouble.complaint
    if isinstance(trouble, BadInput | Refused) and carrier.leave_to_others(dispatch_id, reason):
        trouble.mend = f"{trouble.mend} Until then it is left to the other machines.".lstrip()
        return trouble
    if not carrier.database.is_sqlite:
        reason = f"on {host_of(carrier.log.worker)}: {reason}"
    carrier.pause(dispatch_id, reason)
    return trouble
