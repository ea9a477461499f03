"""``umamba-xai benchmark``: which attribution map of a case deserves to be believed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.benchmark.baseline_names import BASELINE_TITLES
from UMambaXAILogic.engine.benchmark.request import AXES, DEFAULT_METHODS
from UMambaXAILogic.engine.cohort.request import CohortRequest
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import FILLS, SETTINGS
from UMambaXAILogic.engine.progress import BENCHMARK_STAGES
from UMambaXAILogic.engine.request import Request, Target

from . import arguments, explain
from .arguments import value_of
from .cohort import add_cluster_options, method_choices
from .method_options import add_method_options, method_options_from

if TYPE_CHECKING:
    from UMambaXAILogic.engine.benchmark import BenchmarkRequest

_DESCRIPTION = """\
Explain one volume by several methods, and judge every map by the same case, target, fill and budget: does the score
fall when the voxels that the map puts first are filled (faithfulness)? What else changes (leakage)? Does the map stay
when the image changes a little (robustness), and go when the network's parameters are shuffled (sanity)? What does it
cost? Baselines that know nothing of the network are judged too. Maps are ranked by faithfulness; those that fail the
sanity gate come last. DIR receives benchmark.json, benchmark.csv, a plot for each axis, and the maps.

With a manifest (CSV, as for 'cohort') in the place of VOLUME, every case is judged, and means over cases with 95 %
intervals are given. Finished cases are not computed again.
"""
_EPILOG = """\
examples:
  umamba-xai benchmark head.nii.gz --model demo --methods seg-xres-cam,seg-xres-cam@2,seg-grad-cam,dea --out judged
  umamba-xai benchmark head.nii.gz --model demo --methods seg-xres-cam --map mine=my_map.nii.gz --out judged
  umamba-xai benchmark head.nii.gz --model demo --methods seg-xres-cam,occlusion --axes none --out quick
  umamba-xai benchmark head.nii.gz --model demo --at 12.5,-30,8 --part segment --out judged
  umamba-xai benchmark manifest.csv --model demo --methods seg-xres-cam,dea --out judged --workers 2
"""
_DEFAULT_METHODS = ",".join(DEFAULT_METHODS)
_BASELINES = ",".join(BASELINE_TITLES)
_AXES = ",".join(AXES)
#: Of the methods; fill and seed are the benchmark's own, and the same for all.
_SETTINGS = tuple(name for name in SETTINGS if name not in ("fill", "seed"))


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "benchmark",
        help="judge attribution maps by evidence",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "volume", metavar="VOLUME", type=Path, help="NIfTI, NRRD, MHA/MHD, a folder with DICOM, or a manifest (CSV)"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    parser.add_argument("--restart", action="store_true", help="judge a manifest's cases again that had other settings")
    parser.add_argument("--series", metavar="UID", help="which DICOM series of the folder, where it holds several")
    parser.add_argument(
        "--gt", metavar="MASK", type=Path, help="ground truth on the grid of VOLUME, for --kind tp, fp or fn"
    )
    _add_benchmark_options(parser)
    add_cluster_options(parser)
    explain.add_scoring_options(parser)
    explain.add_model_options(parser)
    explain.add_target_options(parser.add_argument_group("explanation"))
    arguments.add_part_options(parser)
    add_method_options(parser, _SETTINGS)
    explain.add_computer_options(parser)
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    request = request_from(options)
    of_cohort = cohort_from(options, request)

    from UMambaXAILogic.engine.benchmark import run_benchmark, run_cohort_benchmark

    from .benchmark_summary import cohort_summary, summary
    from .cohort_progress import make_cohort_reporter
    from .interrupt import Interrupt
    from .progress import make_reporter

    with Interrupt() as interrupt:
        if of_cohort is None:
            with make_reporter(interrupt.requested, options.quiet, BENCHMARK_STAGES) as reporter:
                text = summary(run_benchmark(request, reporter))
        else:
            with make_cohort_reporter(interrupt.requested, options.quiet) as reporter:
                text = cohort_summary(run_cohort_benchmark(of_cohort, request, reporter))
    if not options.quiet:
        print(text)
    return 0


def cohort_from(options: argparse.Namespace, request: BenchmarkRequest) -> CohortRequest | None:
    """The cases of a manifest; None where one volume was named.

    Raises:
        UsageError: options that belong to the other of the two.
    """
    if options.volume.suffix.lower() != ".csv":
        for name in ("workers", "threads", "scheduler"):
            if getattr(options, name) is not None:
                raise UsageError(f"--{name} was given, and {options.volume} is one volume.", "Name a manifest (CSV).")
        return None
    for name, value in (("--gt", options.gt), ("--series", options.series)):
        if value is not None:
            raise UsageError(f"{name} was given with a manifest.", "Fill the manifest's column instead.")
    if options.at is not None:
        raise UsageError("--at was given with a manifest: a point lies in one volume.", "Name one volume.")
    return CohortRequest(
        manifest=options.volume,
        output=options.out,
        template=request.case,
        workers=options.workers,
        threads=options.threads,
        scheduler=options.scheduler,
        restart=options.restart,
    )


def request_from(options: argparse.Namespace) -> BenchmarkRequest:
    """The request that the options describe.

    Raises:
        UsageError: a value is out of its range.
    """
    from UMambaXAILogic.engine.benchmark import BenchmarkRequest

    many = options.volume.suffix.lower() == ".csv"
    if not many:
        explain.refuse_what_needs_a_truth(options)
    main, *others = options.methods
    case = Request(
        volume=options.volume,
        model=options.model,
        output=options.out,
        ground_truth=options.volume if many else options.gt,  # stands for the manifest's column
        ground_truth_labels=options.gt_label,
        method=main.name,
        pool=main.pool,
        pool_mode=options.pool_mode,
        other_methods=tuple(others),
        method_options=method_options_from(options, _SETTINGS),
        layers=options.layers,
        target=Target(options.target, options.kind, options.score, arguments.part_from(options)),
        region=options.region,
        device=options.device,
        folds=options.fold,
        mirror=options.mirror,
        step=options.step,
        memory_limit_gb=options.memory_limit,
        scan_backend=options.scan_backend,
        resample_ground_truth=options.resample_gt,
        series_uid=options.series,
    )
    return BenchmarkRequest(
        case=case,
        baselines=options.baselines,
        maps=tuple(options.map or ()),
        axes=options.axes,
        fill=options.fill,
        budget=options.budget,
        seed=options.seed,
    )


def _add_benchmark_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("benchmark")
    group.add_argument(
        "--methods",
        metavar="A,B@POOL",
        type=value_of(method_choices),
        default=method_choices(_DEFAULT_METHODS),
        help=f"any of {', '.join(METHOD_FACTS)}; @POOL gives one a pooling window (default {_DEFAULT_METHODS})",
    )
    group.add_argument(
        "--baselines",
        metavar="A,B",
        type=value_of(_names_or_none),
        default=_names_or_none(_BASELINES),
        help=f"maps that know nothing of the network, or 'none' (default {_BASELINES})",
    )
    group.add_argument(
        "--map",
        metavar="NAME=FILE",
        type=value_of(_named_file),
        action="append",
        help="judge a map of your own too, on the grid of VOLUME; may be given several times",
    )
    group.add_argument(
        "--axes",
        metavar="A,B",
        type=value_of(_names_or_none),
        default=_names_or_none(_AXES),
        help=f"beside faithfulness and leakage; each makes every map again five times (default {_AXES}; or 'none')",
    )
    group.add_argument(
        "--fill",
        choices=FILLS,
        default="shell",
        help="what takes the place of removed voxels: tissue around them, the mean of the volume, or the blurred image",
    )
    group.add_argument(
        "--budget",
        metavar="N",
        type=int,
        default=50,
        help="most forward passes of a method, in multiples of the windows that hold explained voxels (default 50)",
    )
    group.add_argument("--seed", metavar="S", type=int, default=0, help="of everything that chance decides (default 0)")


def _names_or_none(text: str) -> tuple[str, ...]:
    return () if text == "none" else arguments.names(text)


def _named_file(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name.strip() and equals and path.strip()):
        raise UsageError(f"{text!r} is not NAME=FILE")
    return name.strip(), Path(path.strip())
