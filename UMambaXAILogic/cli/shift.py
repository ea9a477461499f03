"""``umamba-xai shift``: which difference between two cohorts costs how much."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.request import POOL_MODES, REPORTING_THRESHOLD, TARGET_SCORES, Request, Target

from . import arguments, explain
from .arguments import value_of

if TYPE_CHECKING:
    from UMambaXAILogic.engine.shift import ShiftRequest
    from UMambaXAILogic.engine.shift.factor import Factor

DIRECTIONS = ("source-to-target", "target-to-source")
_DESCRIPTION = """\
Change cases of one cohort toward another in five factors: field of view, intensity scale, kernel (blur), slice spacing
and noise. All 32 coalitions of the factors are predicted for every case, and Shapley values share the drop of Dice and
of attention alignment (XAI-GT IoU) out among them. Strengths are estimated from the images of both cohorts, except
blur, which has none unless it is given.

The cases that are changed come from a manifest with ground truths. The other cohort is a stored profile, a manifest,
or the result folder of 'umamba-xai cohort'; with the latter two the unexplained rest of the cohort gap is known.
DIR receives shift.json, shapley.csv, coalitions.csv, shift.png and the values of every case. A run that was stopped
goes on where it was.
"""
_EPILOG = """\
examples:
  umamba-xai shift --source source/manifest.csv --target target_results/ --model demo --out shift --cases 6
  umamba-xai shift --source source/manifest.csv --target target.json --model demo --out shift --without-explanation
  umamba-xai shift --source a.csv --target b.csv --model demo --out shift --strength noise=8 blur=0.6 slice-spacing=3

strengths:
  field-of-view=MM or RL,AP,SI    extent in mm; inf leaves a direction as it is
  intensity-scale=SCALE,SHIFT     values become SCALE x value + SHIFT
  blur=MM                         in-plane full width at half maximum, added in quadrature; negative sharpens
  slice-spacing=MM                thicker slices average, thinner ones interpolate
  noise=STD                       added in quadrature, in the volume's units; negative takes noise off
  FACTOR=none                     no strength
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "shift",
        help="share a drop between cohorts out among its causes",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    paths = "manifest, stored profile, or result folder"
    parser.add_argument("--source", metavar="PATH", type=Path, required=True, help=f"source cohort: {paths}")
    parser.add_argument("--target", metavar="PATH", type=Path, required=True, help=f"target cohort: {paths}")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    parser.add_argument("--restart", action="store_true", help="compute values again that had other settings")
    _add_design_options(parser)
    explain.add_model_options(parser)
    explain.add_scoring_options(parser)
    _add_explanation_options(parser)
    _add_process_options(parser)
    explain.add_computer_options(parser)
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    request = request_from(options)

    from .interrupt import Interrupt
    from .shift_progress import make_shift_reporter
    from .shift_summary import shift_summary

    with Interrupt() as interrupt, make_shift_reporter(interrupt.requested, options.quiet) as reporter:
        from UMambaXAILogic.engine.shift import run_shift  # torch and nnunetv2 take seconds

        result = run_shift(request, reporter)
    if not options.quiet:
        print(shift_summary(result.body))
        print(f"Files in {result.folder}: {', '.join(path.name for path in result.files.values())}")
    return 0


def request_from(options: argparse.Namespace) -> ShiftRequest:
    """The request that the options describe.

    Raises:
        UsageError: a value is out of its range, or options contradict each other.
    """
    from UMambaXAILogic.engine.shift import ShiftRequest

    toward_source = options.direction == DIRECTIONS[1]
    cases, goal = (options.target, options.source) if toward_source else (options.source, options.target)
    side = "target" if toward_source else "source"
    if cases.suffix.lower() == ".json":
        raise UsageError(
            f"The {side} {cases} is a stored profile, and its cases are to be changed.",
            f"Name the manifest of the {side} cohort; --cases-profile takes its profile.",
        )
    given: dict[str, Factor] = {factor.key: factor for factor in options.strength or ()}
    chosen: dict[str, Any] = {} if options.factors is None else {"factors": options.factors}
    return ShiftRequest(
        cases=cases,
        goal=goal,
        output=options.out,
        template=_template(options, cases),
        toward_source=toward_source,
        count=options.cases,
        strengths=given,
        explains=not options.without_explanation,
        cases_profile=options.cases_profile,
        label_extent_mm=options.label_extent,
        label_extent_is_factor=options.label_extent_as_factor,
        score_in_view=options.score_in_view,
        seed=options.seed,
        workers=options.workers,
        threads=options.threads,
        scheduler=options.scheduler,
        restart=options.restart,
        **chosen,
    )


def _template(options: argparse.Namespace, manifest: Path) -> Request:
    return Request(
        volume=manifest,  # stands for the manifest's columns
        model=options.model,
        output=options.out,
        ground_truth_labels=options.gt_label,
        method=options.method,
        pool=options.pool,
        pool_mode=options.pool_mode,
        layers=options.layers,
        target=Target(options.label, "prediction", options.score),
        thresholds=(options.threshold,),
        reporting_threshold=options.threshold,
        region=options.region,
        preset=options.preset,
        device=options.device,
        folds=options.fold,
        mirror=options.mirror,
        step=options.step,
        memory_limit_gb=options.memory_limit,
        scan_backend=options.scan_backend,
        resample_ground_truth=options.resample_gt,
    )


def _add_design_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("design")
    group.add_argument(
        "--direction",
        choices=DIRECTIONS,
        default=DIRECTIONS[0],
        help="whose cases are changed toward whom (default source-to-target; the other way is approximate)",
    )
    group.add_argument("--cases", metavar="N", type=int, help="use the first N cases of each manifest (default all)")
    group.add_argument(
        "--factors", metavar="A,B", type=value_of(_factors), help="only these; the others have no strength"
    )
    group.add_argument(
        "--strength",
        metavar="FACTOR=NUMBER",
        type=value_of(_strength),
        nargs="+",
        action="extend",
        help="strengths that are not to be estimated, see below",
    )
    group.add_argument(
        "--cases-profile",
        metavar="FILE",
        type=Path,
        help="stored profile of the changed cohort, so that its images need not be measured",
    )
    group.add_argument("--without-explanation", action="store_true", help="Dice only: about three times as fast")
    group.add_argument(
        "--label-extent",
        metavar="RL,AP,SI",
        type=value_of(_extent),
        help="report also what scoring against a smaller annotation costs: its size in mm, centred on the vessels",
    )
    group.add_argument(
        "--label-extent-as-factor", action="store_true", help="let that be a sixth factor instead of reporting it apart"
    )
    group.add_argument(
        "--score-in-view",
        action="store_true",
        help="score inside the smaller field of view only, so that what nobody could find there costs nothing",
    )
    group.add_argument("--seed", metavar="S", type=int, default=0, help="of noise and bootstrap (default 0)")


def _add_explanation_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("explanation")
    group.add_argument(
        "--method",
        metavar="NAME",
        default=explain.DEFAULT_METHOD,
        help=f"attribution (default {explain.DEFAULT_METHOD})",
    )
    group.add_argument("--preset", choices=("paper",), help="'paper': the settings of the published analysis")
    group.add_argument("--pool", metavar="N", type=int, help="window of gradient pooling in voxels, 1 for none")
    group.add_argument("--pool-mode", choices=POOL_MODES, default="max", help="how gradients are pooled (default max)")
    group.add_argument("--layers", metavar="A,B", type=value_of(arguments.names), help="layers such as encoder.4")
    group.add_argument(
        "--label", metavar="LABEL", type=value_of(arguments.label), help="label (number, name or 'foreground') to score"
    )
    group.add_argument("--score", choices=TARGET_SCORES, help="score to explain (default margin)")
    group.add_argument(
        "--threshold",
        metavar="T",
        type=float,
        default=REPORTING_THRESHOLD,
        help=f"of attention (default {REPORTING_THRESHOLD})",
    )


def _add_process_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("processes")
    group.add_argument("--workers", metavar="N", type=int, help="cases computed at a time, in processes of their own")
    group.add_argument("--threads", metavar="N", type=int, help="CPU threads of one case")
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="compute on a Dask cluster that is there: tcp://HOST:PORT, or the path of its scheduler file",
    )


def _factors(text: str) -> tuple[str, ...]:
    from UMambaXAILogic.engine.shift.strength import factor_key

    return tuple(factor_key(name) for name in arguments.names(text))


def _strength(text: str) -> Factor:
    from UMambaXAILogic.engine.shift.strength import parse_strength

    return parse_strength(text)


def _extent(text: str) -> tuple[float, float, float]:
    try:
        right_left, anterior_posterior, superior_inferior = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{text!r} is not three numbers separated by commas") from None
    return right_left, anterior_posterior, superior_inferior
