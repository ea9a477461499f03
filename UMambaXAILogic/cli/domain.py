"""``umamba-xai domain``: how two cohorts differ, before any model sees them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.progress import Reporter

from . import arguments
from .domain_options import add_measuring_options, measuring_from, require_chosen_settings

if TYPE_CHECKING:
    from UMambaXAILogic.engine.domain.cohort_source import CohortSource
    from UMambaXAILogic.engine.domain.settings import DomainSettings

    from .interrupt import Interrupt

SIDES = ("source", "target")

_DESCRIPTION = """\
Compare the images of two cohorts: intensity, resolution, noise and vessel diameters (tables 1 to 4), and what differs
most. PATH is a folder of volumes, a manifest (CSV with the columns case, volume, gt), a stored profile, or the result
folder of 'umamba-xai cohort'. DIR receives domain.json, tables as CSV and plots as PNG.

A case that cannot be read is named and left out; the command fails only if a cohort has no other.
"""
_EPILOG = """\
examples:
  umamba-xai domain --source trained_on/manifest.csv --target new_hospital/manifest.csv --out comparison
  umamba-xai domain --source imagesTr --source-masks labelsTr --target new/ --target-masks new_masks/ --out comparison
  umamba-xai domain --source profile.json --target new_hospital/ --out comparison
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "domain",
        help="compare the images of two cohorts",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    for side in SIDES:
        parser.add_argument(f"--{side}", metavar="PATH", type=Path, required=True, help=f"the {side} cohort")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--masks",
        metavar="DIR",
        type=Path,
        nargs="+",
        help="vessel masks, matched by name: one folder for both cohorts, or the source's and the target's",
    )
    for side in SIDES:
        parser.add_argument(f"--{side}-masks", metavar="DIR", type=Path, help=f"vessel masks of the {side} alone")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="of bootstrap and tests (default 0)")
    add_measuring_options(parser)
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if options.seed < 0:
        raise UsageError(f"The seed {options.seed} is negative.", "Give 0 or a positive whole number.")
    masks = _masks(options)

    from .interrupt import Interrupt

    with Interrupt() as interrupt:  # libraries may swallow a KeyboardInterrupt that hits while they are imported
        return _compare(options, masks, interrupt)


def _compare(options: argparse.Namespace, masks: Mapping[str, Path | None], interrupt: Interrupt) -> int:
    from UMambaXAILogic.engine.domain.comparison import compare_profiles
    from UMambaXAILogic.engine.domain.comparison_files import write_comparison
    from UMambaXAILogic.engine.output_folder import refuse_file

    from .domain_summary import domain_summary
    from .progress import make_count_reporter

    refuse_file(options.out)
    with make_count_reporter(interrupt.requested, options.quiet) as reporter:
        cohorts = _read_cohorts(options, masks, reporter)
        comparison = compare_profiles(cohorts["source"].profile, cohorts["target"].profile, options.seed)
        reporter.check_cancelled()
        failed = {side: cohort.failed for side, cohort in cohorts.items()}
        files = write_comparison(comparison, options.out, failed)
    if not options.quiet:
        print(domain_summary(comparison.to_json()))
        print(f"Files in {options.out}: {', '.join(path.name for path in files)}")
    return 0


def _masks(options: argparse.Namespace) -> dict[str, Path | None]:
    """The folder of masks of each cohort.

    Raises:
        UsageError: a cohort's masks are named twice, or more than two folders.
    """
    given = options.masks or []
    named = {side: getattr(options, f"{side}_masks") for side in SIDES}
    if len(given) > len(SIDES):
        raise UsageError(
            f"--masks names {len(given)} folders.", "Name one for both cohorts, or the source's and the target's."
        )
    if given and any(named.values()):
        raise UsageError(
            "Masks were named by --masks and again for one cohort.",
            "Use --masks, or --source-masks and --target-masks.",
        )
    if given:
        named = dict(zip(SIDES, given * len(SIDES), strict=False))
    return named


def _read_cohorts(
    options: argparse.Namespace, masks: Mapping[str, Path | None], reporter: Reporter
) -> dict[str, CohortSource]:
    """Both cohorts. Stored ones come first: what they were measured with, volumes are measured with."""
    from UMambaXAILogic.engine.domain.cohort_source import is_stored, read_profile_source

    paths: dict[str, Path] = {side: getattr(options, side) for side in SIDES}
    shared = len(options.masks or []) == 1
    settings: DomainSettings | None = None
    cohorts = {}
    for number, side in enumerate(sorted(SIDES, key=lambda side: not is_stored(paths[side]))):
        path = paths[side]
        cohorts[side] = read_profile_source(
            path,
            None if shared and is_stored(path) else masks[side],
            how=measuring_from(options, settings),
            workers=options.workers,
            reporter=_CohortReporter(reporter, side, number / len(SIDES), masks_are_shared=shared),
        )
        if is_stored(path):
            require_chosen_settings(options, cohorts[side].profile)
            settings = cohorts[side].profile.settings
    return cohorts


class _CohortReporter(Reporter):
    """Passes on one cohort's half of the progress, and its warnings under its name."""

    def __init__(self, reporter: Reporter, side: str, begin: float, masks_are_shared: bool) -> None:
        super().__init__()
        self._reporter = reporter
        self._side = side
        self._begin = begin
        self._masks_are_shared = masks_are_shared

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._reporter.progress(self._begin + fraction / len(SIDES))

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        if self._masks_are_shared and code == "masks_without_volume":
            return  # they are the other cohort's
        self._reporter.warning(code, f"{self._side}: {message}")

    def check_cancelled(self) -> None:
        """See ``Reporter.check_cancelled``."""
        self._reporter.check_cancelled()
