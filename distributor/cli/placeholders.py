"""What stands in `--help` for a value that is to be typed: a word of ours, never the name of a type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_WORDS = {
    "NAME": "list exclude only sector remove-sector outlet slug mapping save-mapping forget",
    "ADDRESS": "address add-address remove-address outlet-address bounce-address",
    "CONTACT": "contact",
    "CODE": "code override language lang",
    "STATE": "state",
    "KIND": "kind outlet-kind",
    "GROUP": "by",
    "DAY": "since until date collected-on",
    "WHEN": "at",
}
_OF_OPTION = {f"--{option}": word for word, options in _WORDS.items() for option in options.split()}
_OF_TYPE = {int: "NUMBER", float: "NUMBER", Path: "FILE"}


def name_values(command: Any) -> None:
    """Name what each option and argument of a command takes, and of those below it, where no word was chosen."""
    for below in getattr(command, "commands", {}).values():
        name_values(below)
    for one in command.params:
        if one.param_type_name == "argument":
            one.metavar = one.metavar or one.name.upper()
            if one.nargs != 1 and " " not in one.metavar:
                one.metavar = one.metavar.strip("[].…")  # the library says itself that it may be several
            one.display_type_rich = _no_type
        elif not one.is_flag and not one.type_descriptor.is_choice:
            one.metavar = one.metavar or _word(one)


def type_of_one(annotation: Any) -> Any:
    """The type of one value, of an option that may be given several times too."""
    return annotation.__args__[0] if getattr(annotation, "__origin__", None) is list else annotation


def _word(option: Any) -> str:
    named = next((_OF_OPTION[name] for name in option.opts if name in _OF_OPTION), "TEXT")
    return _OF_TYPE.get(type_of_one(option.type_descriptor.annotation), named)


def _no_type(ctx: Any) -> None:
    """An argument's name says what it is."""
