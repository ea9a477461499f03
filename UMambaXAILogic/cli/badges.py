"""``umamba-xai badges``: judge the map of a result that is there."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.badges.words import badge_texts
from UMambaXAILogic.engine.judge_request import JudgeRequest

from . import arguments, explain

_DESCRIPTION = """\
Judge the attention map of a result: does it change when the network's parameters are shuffled, is it more faithful than
vesselness, is it more than the last decoder layer? The volume is segmented and explained anew, and the answers are
written into the result's metrics.json as 'badges'. They are kept: asked again, nothing is computed.

Refused where volume or model are not those of the result. 'explain --badges' judges in the same run.
"""
_EPILOG = """\
examples:
  umamba-xai badges result --volume head.nii.gz --model demo
  umamba-xai badges result --volume head.nii.gz --model trained_model/ --gt vessels.nii.gz
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "badges",
        help="judge the map of a result",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("folder", metavar="DIR", type=Path, help="result of 'umamba-xai explain'")
    parser.add_argument("--volume", metavar="VOLUME", type=Path, required=True, help="that the result was made from")
    parser.add_argument("--model", required=True, help="that the result was made by")
    parser.add_argument("--series", metavar="UID", help="which DICOM series of the folder, where it holds several")
    parser.add_argument("--gt", metavar="MASK", type=Path, help="ground truth, of a result that explains tp, fp or fn")
    parser.add_argument("--region", metavar="FILE", type=Path, help="mask of the region, where the result has one")
    explain.add_computer_options(parser)
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from UMambaXAILogic.engine.progress import JUDGED_STAGES

    from .interrupt import Interrupt
    from .progress import make_reporter

    with (
        Interrupt() as interrupt,
        make_reporter(interrupt.requested, options.quiet, JUDGED_STAGES) as reporter,
    ):
        from UMambaXAILogic.engine.benchmark.judged_result import judge_result  # torch takes seconds

        files = JudgeRequest(
            folder=options.folder,
            volume=options.volume,
            model=options.model,
            ground_truth=options.gt,
            region=options.region,
            series_uid=options.series,
            device=options.device,
            scan_backend=options.scan_backend,
            memory_limit_gb=options.memory_limit,
        )
        badges = judge_result(files, reporter)
    if not options.quiet:
        print("\n".join(badge_lines(badges)))
    return 0


def badge_lines(badges: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line a badge, with what it rests on."""
    lines = []
    for badge in badge_texts(badges):
        numbers = f" ({badge.numbers})" if badge.numbers else ""
        lines.append(f"{badge.title}: {badge.state}{numbers}")
    return lines
