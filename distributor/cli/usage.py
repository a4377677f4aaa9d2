"""What is said of a command line that cannot be read: one sentence for each way in which the library refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import typer
from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)

from distributor.cli.placeholders import type_of_one
from distributor.errors import BadInput

# What the library keeps in its own words only. Words that it changes are passed on as they are.
_NO_COMMAND = re.compile(r"No such command (?P<quote>['\"])(?P<name>.*?)(?P=quote)\.", re.DOTALL)
_TOO_MUCH = re.compile(r"Got unexpected extra argument\(s\) \((?P<rest>.*)\)", re.DOTALL)
_TOO_FEW = re.compile(r"requires (?P<many>\d+) arguments")

_NUMBERS = {int: ("whole number", "12"), float: ("number", "1.5")}


class _Help(BadInput):
    """The help of a command line that names no command."""

    has_lines = True


def explain(error: typer.TyperException) -> BadInput:
    """What the library raised at a command line, in a sentence of ours; a noun alone gets its commands."""
    if isinstance(error, NoArgsIsHelpError):
        return _Help(error.format_message())
    context = error.ctx if isinstance(error, UsageError) else None
    see = f"See: {_command(context)} --help" if context is not None else ""
    match error:
        case NoSuchOption():
            meant = _meant(error.option_name, error.possibilities or ())
            return BadInput(f"There is no option {error.option_name}.", mend=f"{meant}{see}")
        case BadOptionUsage():
            return _misused(error)
        case MissingParameter(param=parameter) if parameter is not None:
            return BadInput(f"{named(parameter)} is missing: {_wanted(parameter)}.", mend=see)
        case BadParameter(param=parameter) if parameter is not None:
            return _bad_value(error, parameter)
    return _unfit(error.format_message(), context, see)


def _unfit(said: str, context: Any, see: str) -> BadInput:
    """Words that fit no command, too many of them, or none."""
    if found := _NO_COMMAND.match(said):
        name = found["name"]
        meant = _meant(name, context.command.commands)
        return BadInput(f"There is no command «{name}».", mend=f"{meant}{see}")
    if found := _TOO_MUCH.match(said):
        return BadInput(
            f"«{found['rest']}» is more than this command takes.",
            mend=f"Put a name of several words in quotes. {see}",
        )
    if said == "Missing command.":
        return BadInput("A command is missing.", mend=see)
    return BadInput(said, mend=see)


def _misused(error: BadOptionUsage) -> BadInput:
    """An option without its value, or with one that it does not take."""
    option = error.option_name
    if "does not take" in error.message:
        return BadInput("It takes no value.", field=option, mend=f"Write {option} alone.")
    if found := _TOO_FEW.search(error.message):
        return BadInput(f"It wants {found['many']} values.", field=option, mend="Write them behind the option.")
    return BadInput("Its value is missing.", field=option, mend="Write it behind the option.")


def _bad_value(error: BadParameter, parameter: Any) -> BadInput:
    """A value that is no number, out of its range, or none of those to choose from."""
    field, kind = named(parameter), parameter.type_descriptor
    detail = _detail(error)
    value = detail.get("input")
    if kind.choices:
        words = ", ".join(str(getattr(one, "value", one)) for one in kind.choices)
        what = field.lstrip("-").replace("-", " ").lower()
        return BadInput(f"«{value}» is no {what}.", field=field, mend=f"Say one of: {words}.")
    number = _number_type(kind.annotation)
    if number is not None and detail.get("type") in {"greater_than_equal", "less_than_equal"}:
        return BadInput(f"«{value}» is out of range.", field=field, mend=f"Choose {_range(kind.parameter_info)}.")
    if number is not None:
        noun, example = _NUMBERS[number]
        mend = f"Write it in figures, as {example}."
        if parameter.param_type_name == "argument":
            mend = f"Wanted: {_wanted(parameter)}, in figures."
        return BadInput(f"«{value}» is no {noun}.", field=field, mend=mend)
    return BadInput(error.message, field=field)


def _detail(error: BadParameter) -> Mapping[str, Any]:
    """What was found at fault, as the reader of values says it: its type, the value, the bounds."""
    errors = getattr(error.__cause__, "errors", None)
    found = errors() if errors is not None else []
    return found[0] if found else {}


def _number_type(annotation: Any) -> type | None:
    inner: type = type_of_one(annotation)
    return inner if inner in _NUMBERS else None


def _range(info: Any) -> str:
    least, most = (None if bound is None else f"{bound:g}" for bound in (info.min, info.max))
    if least is not None and most is not None:
        return f"one from {least} to {most}"
    return f"{least} or more" if most is None else f"{most} or less"


def named(parameter: Any) -> str:
    """An option or argument as it is written: `--list`, `SLUG`."""
    if parameter.param_type_name == "option":
        return next((name for name in parameter.opts if name.startswith("--")), str(parameter.opts[0]))
    return str(parameter.metavar or parameter.name.upper()).strip("[].…")


def _wanted(parameter: Any) -> str:
    """What an option or argument is, from its help: the first of it, to stand within a sentence."""
    said = re.split(r" \(|;", parameter.help)[0].rstrip(".")
    return said[:1].lower() + said[1:] if said[1:2].islower() or said[1:2] == " " else said


def _meant(typed: str, names: Iterable[str]) -> str:
    bare = {name.lstrip("-"): name for name in names}  # two dashes in common make no likeness
    near = get_close_matches(typed.lstrip("-"), bare, n=1)
    return f"Did you mean {bare[near[0]]}? " if near else ""


def _command(context: Any) -> str:
    """The command as it is typed, however the program was started."""
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, context.info_name)
        context = context.parent
    return " ".join(["distributor", *names])
