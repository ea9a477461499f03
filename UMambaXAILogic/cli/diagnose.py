"""``umamba-xai diagnose``: two cohorts' results become a verdict, tables and a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.request import JOINT_DICE_CUTOFF, JOINT_F1_CUTOFF, VerdictCutoffs

from . import arguments

if TYPE_CHECKING:
    from UMambaXAILogic.engine.diagnosis import Diagnosis, DiagnosisOptions

SIDES = ("source", "target")

_DESCRIPTION = """\
Compare the results of two cohorts, each a folder that 'umamba-xai cohort' wrote: does the model fail on the target, and
does its attention say why? DIR receives report.html, which needs nothing else and can be mailed, and report.json.
"""
_EPILOG = """\
examples:
  umamba-xai diagnose --source results/trained_on --target results/new_hospital --out report
  umamba-xai diagnose --source before --target after --paired --out report --paper
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "diagnose",
        help="compare two cohorts' results and write a report with a verdict",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    for side in SIDES:
        parser.add_argument(f"--{side}", metavar="DIR", type=Path, required=True, help=f"results of the {side} cohort")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the report")
    _add_comparison_options(parser)
    _add_report_options(parser)
    parser.add_argument("--quiet", action="store_true", help="show errors only")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    chosen = _options(options)

    from UMambaXAILogic.engine.diagnosis import diagnose

    from .interrupt import Interrupt
    from .progress import make_count_reporter

    with Interrupt() as interrupt, make_count_reporter(interrupt.requested, options.quiet) as reporter:
        diagnosis = diagnose(options.source, options.target, options.out, chosen, reporter)
    if not options.quiet:
        print(summary(diagnosis))
    return 0


def summary(diagnosis: Diagnosis) -> str:
    """The verdict, that on each cohort, and where to look."""
    verdict = diagnosis.report["verdict"]
    lines = [verdict["text"], verdict["headline"]]
    lines += [f"  {side:<7} {verdict[side]['text']}" for side in SIDES]
    contradictions = len(diagnosis.report["audit"]["findings"])
    if contradictions:
        lines.append(f"  audit   {contradictions} findings about the numbers: see the report")
    if diagnosis.report["phantom"]:
        lines.append("  PHANTOM: synthetic data, not patients")
    return "\n".join([*lines, f"Look at {diagnosis.files['report_html']}"])


def _add_comparison_options(parser: argparse.ArgumentParser) -> None:
    cutoffs = VerdictCutoffs()
    group = parser.add_argument_group("comparison (no case is computed again)")
    group.add_argument(
        "--reporting-threshold",
        metavar="T",
        type=float,
        help="attention threshold that is reported and judged; must be one of the cohorts' (default: their own)",
    )
    for name, value, words in (
        ("high", cutoffs.high, "IoU from here on is high"),
        ("low", cutoffs.low, "IoU under this is low"),
        ("gap", cutoffs.gap, "XAI-PM minus XAI-GT from here on is a gap"),
    ):
        group.add_argument(
            f"--{name}", metavar="X", type=float, default=value, help=f"verdict: {words} (default {value:g})"
        )
    for name, value, words in (
        ("joint-dice", JOINT_DICE_CUTOFF, "Dice"),
        ("joint-f1", JOINT_F1_CUTOFF, "XAI-GT F1"),
    ):
        group.add_argument(
            f"--{name}", metavar="X", type=float, default=value, help=f"table 11: good {words} (default {value:g})"
        )
    group.add_argument(
        "--fold-false-positive",
        action="store_true",
        help="table 8: count slices with prediction but no truth as worst, as the paper seems to",
    )
    group.add_argument(
        "--exclude-false-positive", action="store_true", help="table 11: leave slices with prediction but no truth out"
    )
    group.add_argument("--paired", action="store_true", help="the cohorts hold the same cases: compare case by case")
    group.add_argument("--seed", metavar="S", type=int, default=0, help="of bootstraps and tests (default 0)")


def _add_report_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("report")
    for side in SIDES:
        group.add_argument(f"--{side}-name", metavar="TEXT", help=f"what to call the {side} (default: the folder)")
    group.add_argument(
        "--paper", action="store_true", help="show the published numbers (of other data) beside the tables"
    )
    group.add_argument(
        "--examples", metavar="N", type=int, default=1, help="cases of each kind to look at, per cohort (default 1)"
    )
    names = group.add_mutually_exclusive_group()
    names.add_argument("--anonymise", action="store_true", help="replace all case names by hashes")
    names.add_argument(
        "--keep-names", action="store_true", help="show even names that look like DICOM identifiers (default: hashes)"
    )


def _options(options: argparse.Namespace) -> DiagnosisOptions:
    from UMambaXAILogic.engine.diagnosis import DiagnosisOptions

    return DiagnosisOptions(
        source_name=options.source_name,
        target_name=options.target_name,
        threshold=options.reporting_threshold,
        cutoffs=VerdictCutoffs(high=options.high, low=options.low, gap=options.gap),
        joint_dice_cutoff=options.joint_dice,
        joint_f1_cutoff=options.joint_f1,
        fold_false_positive=options.fold_false_positive,
        exclude_false_positive=options.exclude_false_positive,
        paired=options.paired,
        anonymise=True if options.anonymise else False if options.keep_names else None,
        paper=options.paper,
        examples=options.examples,
        seed=options.seed,
    )
