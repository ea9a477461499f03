"""``umamba-xai phantom``: volumes with known vessels, and no patient."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import arguments


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "phantom",
        help="write synthetic angiograms with known vessels",
        description="Write volumes, masks (one label: 1 vessel) and one manifest.csv. The same seed gives the same.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("--cohort", choices=("source", "target"), required=True, help="whose scanner to imitate")
    parser.add_argument("--count", metavar="N", type=int, default=1, help="how many cases (default 1)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="seed of the cohort (default 0)")
    parser.add_argument("--size", choices=("default", "full"), default="default", help="'full': whole heads")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder to write to")
    parser.add_argument("--quiet", action="store_true", help="show errors only")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from UMambaXAILogic.engine.phantom import write_cohort

    from .interrupt import Interrupt
    from .progress import make_count_reporter

    with Interrupt() as interrupt, make_count_reporter(interrupt.requested, options.quiet) as reporter:
        manifest = write_cohort(options.cohort, options.count, options.seed, options.out, options.size, reporter)
    if not options.quiet:
        phantoms = "1 phantom" if options.count == 1 else f"{options.count} phantoms"
        print(f"{phantoms} of the {options.cohort} cohort: see {manifest}")
    return 0
