"""How words on a command line become values. Standard library only."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from UMambaXAILogic.engine.errors import UMambaXAIError, UsageError
from UMambaXAILogic.engine.request import PART_UNITS, Region, TargetPart

_NEGATIVE_LIST = re.compile(r"-[\d.][\d.,eE+-]*")


class Parser(argparse.ArgumentParser):
    """Raises ``UsageError`` where argparse would print its own text and exit; accepts no abbreviations.

    An abbreviation that works today is ambiguous after the next release.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[0].upper()}{message[1:]}.", f"'{self.prog} --help' lists what there is.")


def keep_negative_values_together(words: Sequence[str]) -> list[str]:
    """Join ``--option -1,2`` to ``--option=-1,2``: argparse takes a word that begins with a dash for an option."""
    joined: list[str] = []
    for word in words:
        if _NEGATIVE_LIST.fullmatch(word) and joined and re.fullmatch(r"--[a-z-]+", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def value_of(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let ``convert`` speak for itself: argparse would hide its typed error behind "invalid value"."""

    def converted(text: str) -> Any:
        try:
            return convert(text)
        except UMambaXAIError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error

    return converted


def names(text: str) -> tuple[str, ...]:
    """``a,b`` -> ("a", "b")."""
    values = tuple(part.strip() for part in text.split(","))
    if not all(values):
        raise UsageError(f"{text!r} is not a list of names separated by commas")
    return values


def whole_numbers(text: str) -> tuple[int, ...]:
    """``1,2`` -> (1, 2)."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} is not a list of whole numbers separated by commas") from None


def folds(text: str) -> tuple[int, ...] | None:
    """``all`` -> None, ``0`` -> (0,), ``0,1`` -> (0, 1)."""
    return None if text == "all" else whole_numbers(text)


def label(text: str) -> int | str:
    """``3`` -> 3, ``vessel`` -> "vessel"."""
    return int(text) if re.fullmatch(r"\d+", text) else text


def thresholds(text: str) -> tuple[float, ...]:
    """``0.2,0.3`` -> (0.2, 0.3)."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} is no number; put VOLUME before the options if it was meant to be that") from None


def region(text: str) -> Region:
    """Six numbers separated by commas are a box in mm (RAS); what is not all numbers is the path of a mask."""
    try:
        box = tuple(float(part) for part in text.split(","))
    except ValueError:
        return Region(mask=Path(text))
    if len(box) != 6:
        raise UsageError(f"{text!r} is not six numbers x0,x1,y0,y1,z0,z1 in mm (RAS)")
    return Region(box_mm_ras=box)


def point(text: str) -> tuple[float, ...]:
    """``x,y,z`` in mm (RAS)."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 3:
        raise UsageError(f"{text!r} is not three numbers x,y,z in mm (RAS)")
    return values


def add_part_options(parser: argparse.ArgumentParser) -> None:
    """Which part of the target is explained; see ``part_from``."""
    group = parser.add_argument_group("one part of it")
    group.add_argument(
        "--at",
        metavar="X,Y,Z",
        type=value_of(point),
        help="explain only the part that lies at this point (mm, RAS) of what --kind says",
    )
    group.add_argument(
        "--part",
        choices=PART_UNITS,
        help="with --at: the connected component (default), or the vessel segment of 5 mm or a little more",
    )


def part_from(options: argparse.Namespace) -> TargetPart | None:
    """The one part that the options name; None where all is explained.

    Raises:
        UsageError: a part without a point, or a point that is not three finite numbers.
    """
    if options.at is None:
        if options.part is not None:
            raise UsageError("--part was given without a point.", "Name one with --at, in mm of patient space (RAS).")
        return None
    return TargetPart(options.at, options.part or PART_UNITS[0])


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Options that every command has."""
    parser.add_argument("--debug", action="store_true", help="add the traceback to an error")
