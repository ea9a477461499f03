"""Options of the commands that measure the images of a cohort."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.errors import InputError, UsageError

from .arguments import value_of

if TYPE_CHECKING:
    from UMambaXAILogic.engine.domain.measure_cases import Measuring
    from UMambaXAILogic.engine.domain.profile import Profile
    from UMambaXAILogic.engine.domain.settings import DomainSettings


def add_measuring_options(parser: argparse.ArgumentParser) -> None:
    """How volumes are measured; what is stored already keeps the settings it was made with."""
    group = parser.add_argument_group("measuring volumes")
    group.add_argument(
        "--window",
        metavar="LOW,HIGH",
        type=value_of(_window),
        help="intensities of table 1 in HU (default 0,80, or those of a stored profile)",
    )
    group.add_argument(
        "--isotropic", metavar="MM", type=float, help="resample masks to cubes before diameters are measured"
    )
    group.add_argument("--modality", choices=("CT", "MR"), help="of volumes whose files do not say")
    group.add_argument("--resample-gt", action="store_true", help="resample masks that lie on another grid")
    group.add_argument(
        "--workers", metavar="N", type=int, default=1, help="volumes measured at the same time (default 1)"
    )
    group.add_argument("--quiet", action="store_true", help="show warnings and errors only")


def measuring_from(options: argparse.Namespace, stored: DomainSettings | None = None) -> Measuring:
    """The settings that the options describe.

    Args:
        options: with what ``add_measuring_options`` added.
        stored: settings of a profile that the volumes will be compared with: their default.

    Raises:
        UsageError: a value is out of its range.
    """
    from UMambaXAILogic.engine.domain.measure_cases import Measuring
    from UMambaXAILogic.engine.domain.settings import DomainSettings

    if options.workers < 1:
        raise UsageError(f"{options.workers} workers were asked for.", "Ask for at least 1.")
    settings = stored or DomainSettings()
    settings = DomainSettings(
        window_hu=settings.window_hu if options.window is None else options.window,
        isotropic_mm=settings.isotropic_mm if options.isotropic is None else options.isotropic,
    )
    return Measuring(settings, options.modality, options.resample_gt)


def require_chosen_settings(options: argparse.Namespace, stored: Profile) -> None:
    """A stored profile keeps its settings: options that ask for others are refused before anything is measured.

    Args:
        options: with what ``add_measuring_options`` added.
        stored: the profile.

    Raises:
        InputError: it was made with other settings than the options ask for.
    """
    wanted, made_with = measuring_from(options, stored.settings).settings, stored.settings
    differing = {
        "--window": (made_with.window_hu, wanted.window_hu),
        "--isotropic": (made_with.isotropic_mm, wanted.isotropic_mm),
    }
    for option, (found, asked) in differing.items():
        if found != asked:
            raise InputError(
                f"The profile {stored.name!r} was made with other settings than {option} asks for: "
                f"{_text(found)}, not {_text(asked)}.",
                f"Leave {option} out, or make the profile again with it.",
            )


def _text(value: tuple[float, float] | float | None) -> str:
    if isinstance(value, tuple):
        return f"{value[0]:g} to {value[1]:g} HU"
    return "the masks' own grid" if value is None else f"cubes of {value:g} mm"


def _window(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} is not two numbers LOW,HIGH") from None
    return low, high
