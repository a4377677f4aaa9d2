"""One check's result, and the wall around each check: one broken part never hides the others."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from distributor.errors import DistributorError

_COMPARE = "Correct what is named, or compare it with that of a new workspace: distributor init FOLDER"


class Level(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class NotExamined(Exception):
    """A check could not be made and says nothing for or against the installation; the message says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found: `message` in one or two sentences, `mend` how to put it right, or ""."""

    name: str
    level: Level
    message: str
    mend: str = ""

    @classmethod
    def ok(cls, name: str, message: str) -> Check:
        """All is well."""
        return cls(name, Level.OK, message)

    @classmethod
    def warn(cls, name: str, message: str, mend: str) -> Check:
        """It works, and somebody should look at it: nobody is warned without being told what to do."""
        return cls(name, Level.WARN, message, mend)

    @classmethod
    def fail(cls, name: str, message: str, mend: str) -> Check:
        """It does not work."""
        return cls(name, Level.FAIL, message, mend)

    @classmethod
    def skip(cls, name: str, message: str) -> Check:
        """It was not examined."""
        return cls(name, Level.SKIP, message)

    @classmethod
    def from_error(cls, name: str, error: DistributorError) -> Check:
        """The failure that `error` describes, with the file, line and field it names."""
        return cls.fail(name, error.complaint, error.mend or _COMPARE)


def guarded(name: str, step: Callable[..., Check], *arguments: object) -> Check:
    """What `step(*arguments)` found; whatever it raises becomes a check called `name`."""
    return next(contained(name, _once(step, arguments)))


def contained(name: str, steps: Iterable[Check], dependents: Sequence[str] = ()) -> Iterator[Check]:
    """The checks of `steps`; when they break off, a check called `name` says why, and `dependents` are skipped."""
    left_out = f"Left out: see {name.replace('_', ' ')}."
    try:
        yield from steps
    except NotExamined as reason:
        left_out = str(reason)
        yield Check.skip(name, left_out)
    except DistributorError as error:
        yield Check.from_error(name, error)
    except Exception as error:  # noqa: BLE001 - a defect of ours in one check must not hide what the others found
        yield _broken(name, error)
    else:
        return
    yield from (Check.skip(dependent, left_out) for dependent in dependents)


def _broken(name: str, error: Exception) -> Check:
    # Where it broke, and not its words: those of a URL's parser, for one, may quote a password.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__}, {Path(frame.filename).name} line {frame.lineno}"
    return Check.fail(name, f"This check itself broke ({place}).", "Please report it, quoting these words.")


def _once(step: Callable[..., Check], arguments: Sequence[object]) -> Iterator[Check]:
    yield step(*arguments)
