"""What becomes of a defect of ours: its details in a file, one sentence in place of a traceback."""

from __future__ import annotations

from distributor.errors import DistributorError


def confess(error: Exception) -> DistributorError:
    """Keep the traceback of `error` in a file; return the sentence that says so, with the exit code of a defect."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="distributor-", suffix=".txt", delete=False, encoding="utf-8"
    ) as details:
        traceback.print_exception(error, file=details)
    # Not the exception's own words: they may quote addresses, and this sentence ends in logs and bug reports.
    name = type(error).__name__
    return DistributorError(f"This is a defect of Distributor, not of yours ({name}). Details: {details.name}")
