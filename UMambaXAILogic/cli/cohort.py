"""``umamba-xai cohort``: many cases with the same settings, on this machine or on a cluster."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.cohort.request import CohortRequest
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.request import MethodChoice

from . import arguments, explain
from .arguments import value_of

if TYPE_CHECKING:
    from UMambaXAILogic.engine.cohort.request import CohortResult

#: Exit status where some cases have no result: something about the input, as a rule; the list says what.
SOME_CASES_FAILED = InputError.exit_code

#: Ending processes takes longer than stopping between two windows.
_GRACE_S = 20.0

_DESCRIPTION = """\
Explain every case of MANIFEST: CSV with the columns case, volume and, if wanted, gt, domain, region (a mask) and series
(a DICOM series UID); paths are relative to it. All files are looked at before the first case is computed. DIR receives
cases/CASE/ as 'explain' writes it, cases.parquet, alignment.parquet, slices.parquet (all readable while it runs),
profile.json and summary.json.

A run that was stopped, however it was stopped, goes on where it was: give the same command again. Finished cases are
not computed again; failed ones are tried again.
"""
_EPILOG = """\
examples:
  umamba-xai cohort manifest.csv --model demo --out source
  umamba-xai cohort manifest.csv --model trained_model/ --out source --methods seg-xres-cam,seg-xres-cam@2,seg-grad-cam
  umamba-xai cohort manifest.csv --model trained_model/ --out source --scheduler tcp://node1:8786

exit status: 0 all cases are done; 3 some failed (they are listed, the others are complete), or files are unusable.
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "cohort",
        help="explain and measure many cases",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, other_methods=())
    parser.add_argument("manifest", metavar="MANIFEST", type=Path, help="CSV file that lists the cases")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--methods",
        metavar="A,B@POOL",
        type=value_of(method_choices),
        help="several attributions, such as seg-xres-cam@1,seg-xres-cam@2,seg-grad-cam; segmented once, the first is "
        "the main one",
    )
    parser.add_argument("--restart", action="store_true", help="compute cases again that had other settings")
    add_cluster_options(parser)
    explain.add_scoring_options(parser)
    explain.add_model_options(parser)
    explain.add_explanation_options(parser)
    explain.add_computer_options(parser)
    arguments.add_common_options(parser)


def method_choices(text: str) -> tuple[MethodChoice, ...]:
    """``a,b@2`` -> (a, b with pooling 2)."""
    return tuple(MethodChoice.parse(name) for name in arguments.names(text))


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    request = request_from(options)

    from .cohort_progress import make_cohort_reporter
    from .interrupt import Interrupt

    with Interrupt(_GRACE_S) as interrupt, make_cohort_reporter(interrupt.requested, options.quiet) as reporter:
        from UMambaXAILogic.engine.cohort.run import run_cohort  # torch and nnunetv2 take seconds

        result = run_cohort(request, reporter)
    if not options.quiet:
        from .cohort_summary import summary

        print(summary(result))
    if result.failed:
        print(_failures(result), file=sys.stderr)
        return SOME_CASES_FAILED
    return 0


def request_from(options: argparse.Namespace) -> CohortRequest:
    """The request that the options describe.

    Raises:
        UsageError: a value is out of its range, or options contradict each other.
    """
    if options.methods is not None and (options.method != explain.DEFAULT_METHOD or options.pool is not None):
        raise UsageError(
            f"--methods was given, and {'--method' if options.pool is None else '--pool'} too.",
            "Name all methods with --methods; NAME@POOL gives one a pooling window.",
        )
    # Volume and ground truth of the template stand for the manifest's columns.
    of_one_case = {"volume": options.manifest, "gt": options.manifest, "series": None, "at": None, "part": None}
    of_one_case["badges"] = False  # finished cases would be taken over unjudged
    if options.methods is not None:
        main, *others = options.methods
        of_one_case |= {"method": main.name, "pool": main.pool, "other_methods": tuple(others)}
    template = explain.request_from(argparse.Namespace(**{**vars(options), **of_one_case}))
    return CohortRequest(
        manifest=options.manifest,
        output=options.out,
        template=template,
        workers=options.workers,
        threads=options.threads,
        scheduler=options.scheduler,
        restart=options.restart,
    )


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Who computes the cases."""
    group = parser.add_argument_group("processes")
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="cases computed at a time on this machine (default: one for each GPU, or what cores and memory allow)",
    )
    group.add_argument(
        "--threads", metavar="N", type=int, help="CPU threads of one case (default: the cores shared out evenly)"
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="compute on a Dask cluster that is there: tcp://HOST:PORT, or the path of its scheduler file",
    )


def _failures(result: CohortResult) -> str:
    """Every failed case with its reason."""
    count = "1 case" if result.failed == 1 else f"{result.failed} cases"
    lines = [f"umamba-xai: {count} failed; the same command tries them again:"]
    for failure in result.failures:
        reason = "\n    ".join(failure["reason"].splitlines())
        lines.append(f"  {failure['case']} [{failure['code']}, attempts {failure['attempts']}]: {reason}")
    return "\n".join(lines)
