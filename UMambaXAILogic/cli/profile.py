"""``umamba-xai profile``: a cohort's statistics in one small file, for comparisons without its volumes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.errors import UsageError

from . import arguments
from .domain_options import add_measuring_options, measuring_from, require_chosen_settings

if TYPE_CHECKING:
    from UMambaXAILogic.engine.domain.profile import Profile
    from UMambaXAILogic.engine.progress import Reporter

    from .interrupt import Interrupt

_DESCRIPTION = """\
Store the domain statistics of a cohort. The file holds a few numbers and histograms of every case and no voxel, so
that later cases can be compared with a training set that is no longer at hand: name it as --source of
'umamba-xai domain', or put it into the folder of the trained model as reference_profile.json.

PATH is a folder of volumes, a manifest (CSV), one volume, or another profile; several are merged.
"""
_EPILOG = """\
examples:
  umamba-xai profile imagesTr --masks labelsTr --name "training set" --out profile.json
  umamba-xai profile first.json second.json --name "both hospitals" --out merged.json
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "profile",
        help="store a cohort's reference profile",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("path", metavar="PATH", type=Path, nargs="+", help="the cohort, or several to merge")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the profile, such as profile.json")
    parser.add_argument("--masks", metavar="DIR", type=Path, help="vessel masks of PATH's volumes, matched by name")
    parser.add_argument("--name", help="of the cohort (default: that of PATH)")
    add_measuring_options(parser)
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if options.out.is_dir():
        raise UsageError(f"The output {options.out} is a folder.", "Name a file in it, such as profile.json.")
    if options.masks is not None and len(options.path) > 1:
        raise UsageError(
            f"One folder of masks was named for {len(options.path)} cohorts.",
            "Make a profile of each, then merge the profiles.",
        )
    from .interrupt import Interrupt

    with Interrupt() as interrupt:  # libraries may swallow a KeyboardInterrupt that hits while they are imported
        return _store(options, interrupt)


def _store(options: argparse.Namespace, interrupt: Interrupt) -> int:
    from UMambaXAILogic.engine.domain.profile import write_profile

    from .progress import make_count_reporter

    with make_count_reporter(interrupt.requested, options.quiet) as reporter:
        profile = _read(options, reporter)
        reporter.check_cancelled()
        try:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            write_profile(profile, options.out)
        except OSError as error:
            raise UsageError(
                f"The output {options.out} cannot be written: {error.strerror or error}.", "Choose another place."
            ) from error
    if not options.quiet:
        print(f"{options.out}: {_text(profile)}")
    return 0


def _read(options: argparse.Namespace, reporter: Reporter) -> Profile:
    """All cohorts. Stored ones come first: what they were measured with, volumes are measured with."""
    from UMambaXAILogic.engine.domain.cohort_source import is_stored, read_profile_source
    from UMambaXAILogic.engine.domain.profile import merge_profiles, require_same_settings

    stored: Profile | None = None
    profiles: dict[int, Profile] = {}
    for place, path in sorted(enumerate(options.path), key=lambda entry: not is_stored(entry[1])):
        how = measuring_from(options, None if stored is None else stored.settings)
        source = read_profile_source(
            path, options.masks, name=_name_of_one(options), how=how, workers=options.workers, reporter=reporter
        )
        profiles[place] = source.profile
        if is_stored(path):
            require_chosen_settings(options, source.profile)
            stored = stored or source.profile
            require_same_settings(stored, source.profile)
    if len(profiles) == 1:
        return profiles[0]
    ordered = [profiles[place] for place in sorted(profiles)]
    return merge_profiles(ordered, options.name or " + ".join(profile.name for profile in ordered))


def _name_of_one(options: argparse.Namespace) -> str | None:
    return options.name if len(options.path) == 1 else None


def _text(profile: Profile) -> str:
    count = len(profile.rows)
    phantoms = sum(row.phantom for row in profile.rows)
    vessels = sum(row.morphology is not None and row.morphology.diameters.count > 0 for row in profile.rows)
    kind = "phantom cases" if phantoms == count else f"cases, {phantoms} of them phantom" if phantoms else "cases"
    return f"profile {profile.name!r} of {count} {kind}, {vessels} with vessels"
