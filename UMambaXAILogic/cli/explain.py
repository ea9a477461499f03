"""``umamba-xai explain``: one case, from a file to a segmentation, an attention map and their measures."""

from __future__ import annotations

import argparse
import shlex
from itertools import chain
from pathlib import Path

from UMambaXAILogic.engine.device import check_device_name
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.request import (
    DEFAULT_THRESHOLDS,
    FOREGROUND,
    POOL_MODES,
    TARGET_KINDS,
    TARGET_SCORES,
    Request,
    Target,
)

from . import arguments
from .arguments import value_of
from .method_options import add_method_options, method_options_from

_DESCRIPTION = """\
Segment one volume, explain the segmentation and measure where attention lies. DIR receives segmentation.nii.gz,
attention.nii.gz, metrics.json, slices.csv and log.txt, on exactly the grid of VOLUME.
"""
_EPILOG = """\
examples:
  umamba-xai explain head.nii.gz --model demo --out result
  umamba-xai explain head.nii.gz --model trained_model/ --gt vessels.nii.gz --out result
  umamba-xai explain dicom/ --model demo --dicom --out result
  umamba-xai explain head.nii.gz --model demo --badges --out result
  umamba-xai explain dicom/ --model demo --region -60,60,-80,40,-30,50 --out result
  umamba-xai explain head.nii.gz --model demo --at 12.5,-30,8 --part segment --out result
"""

DEFAULT_METHOD = next(iter(METHOD_FACTS))


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "explain",
        help="segment one volume, explain and measure it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, other_methods=())
    _add_input_options(parser)
    add_scoring_options(parser)
    add_model_options(parser)
    add_explanation_options(parser)
    arguments.add_part_options(parser)
    parser.add_argument(
        "--badges",
        action="store_true",
        help="judge the map too: 'umamba-xai badges --help' says what is asked (takes several times as long)",
    )
    add_computer_options(parser)
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    request = request_from(options)
    if request.output.exists() and not request.output.is_dir():
        raise UsageError(f"The output {request.output} is a file.", "Name a folder with --out.")
    if options.dicom:
        _check_dicom_export(request)

    from UMambaXAILogic.engine.progress import JUDGED_STAGES, STAGES

    from .interrupt import Interrupt
    from .progress import make_reporter
    from .summary import summary

    stages = JUDGED_STAGES if options.badges else STAGES
    with Interrupt() as interrupt, make_reporter(interrupt.requested, options.quiet, stages) as reporter:
        from UMambaXAILogic.engine.pipeline import run_case  # torch and nnunetv2 take seconds

        result = run_case(request, reporter)
    if not options.quiet:
        print(summary(result))
        print(f"  {'Look at it':<13} {view_command(request.output, request.volume, request.ground_truth)}")
    if options.dicom:
        _export_dicom(request, options.quiet)
    return 0


def _check_dicom_export(request: Request) -> None:
    """Find out before anything is computed whether the input's series can be referred to.

    Raises:
        NotInstalledError: highdicom is missing.
        InputError: the input is no DICOM series, or one without the identifiers that DICOM requires.
    """
    from UMambaXAILogic.engine.dicom_export import check_highdicom, read_source_series

    check_highdicom()
    read_source_series(request.volume, request.series_uid)


def _export_dicom(request: Request, quiet: bool) -> None:
    from UMambaXAILogic.engine.dicom_export import export_dicom
    from UMambaXAILogic.engine.dicom_request import DICOM_FOLDER

    from .export_dicom import export_lines

    export = export_dicom(request.output, request.volume, request.series_uid, request.output / DICOM_FOLDER)
    if not quiet:
        print("\n".join(export_lines(export)))


def view_command(output: Path, volume: Path, ground_truth: Path | None) -> str:
    """What to type to look at a result, with paths quoted for a shell."""
    words = ["umamba-xai", "view", str(output), "--volume", str(volume)]
    if ground_truth is not None:
        words += ["--gt", str(ground_truth)]
    return shlex.join(words)


def refuse_what_needs_a_truth(options: argparse.Namespace) -> None:
    """Raise ``UsageError`` for options about a ground truth where none is named."""
    if options.gt is None and (options.gt_label is not None or options.resample_gt):
        raise UsageError(
            f"{'--resample-gt' if options.gt_label is None else '--gt-label'} was given without a ground truth.",
            "Name one with --gt.",
        )


def request_from(options: argparse.Namespace) -> Request:
    """The request that the options describe.

    Raises:
        UsageError: a value is out of its range.
    """
    refuse_what_needs_a_truth(options)
    return Request(
        volume=options.volume,
        model=options.model,
        output=options.out,
        ground_truth=options.gt,
        ground_truth_labels=options.gt_label,
        method=options.method,
        pool=options.pool,
        pool_mode=options.pool_mode,
        other_methods=options.other_methods,
        method_options=method_options_from(options),
        layers=options.layers,
        target=Target(options.target, options.kind, options.score, arguments.part_from(options)),
        thresholds=tuple(chain.from_iterable(options.threshold)) if options.threshold else DEFAULT_THRESHOLDS,
        region=options.region,
        preset=options.preset,
        device=options.device,
        folds=options.fold,
        mirror=options.mirror,
        step=options.step,
        memory_limit_gb=options.memory_limit,
        scan_backend=options.scan_backend,
        resample_ground_truth=options.resample_gt,
        series_uid=options.series,
        save_layer_maps=options.save_layer_maps,
        badges=options.badges,
    )


def _add_input_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("volume", metavar="VOLUME", type=Path, help="NIfTI, NRRD, MHA/MHD, or a folder with DICOM")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    group = parser.add_argument_group("input")
    group.add_argument("--series", metavar="UID", help="which DICOM series of the folder, where it holds several")
    group.add_argument("--gt", metavar="MASK", type=Path, help="ground truth on the grid of VOLUME")
    parser.add_argument(
        "--dicom", action="store_true", help="of a DICOM input: also write the results as DICOM, into DIR/dicom"
    )


def add_scoring_options(parser: argparse.ArgumentParser) -> None:
    """How a ground truth is read, and where is measured."""
    group = parser.add_argument_group("scoring")
    group.add_argument(
        "--gt-label",
        metavar="A,B",
        type=value_of(arguments.whole_numbers),
        help="labels of the ground truth that count as target (default: the target's, else every value > 0)",
    )
    group.add_argument("--resample-gt", action="store_true", help="resample a ground truth that lies on another grid")
    group.add_argument(
        "--region",
        metavar="FILE|X0,X1,Y0,Y1,Z0,Z1",
        type=value_of(arguments.region),
        help="explain and measure inside a mask or a box (mm, RAS) only",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which model, and how it is run."""
    group = parser.add_argument_group("model")
    group.add_argument("--model", required=True, help="folder trained by nnU-Net v2, its exported zip, or 'demo'")
    group.add_argument(
        "--fold",
        metavar="0|all",
        type=value_of(arguments.folds),
        help="folds to average, such as 0 or 0,1 (default: all that were trained)",
    )
    group.add_argument("--mirror", action="store_true", help="average over mirrored windows, as nnU-Net does")
    group.add_argument(
        "--step", metavar="S", type=float, default=0.5, help="step of windows / their size (default 0.5)"
    )


def add_explanation_options(parser: argparse.ArgumentParser) -> None:
    """What is explained, and how."""
    group = parser.add_argument_group("explanation")
    group.add_argument(
        "--method",
        metavar="NAME",
        default=DEFAULT_METHOD,
        help=f"attribution: {', '.join(METHOD_FACTS)} (default {DEFAULT_METHOD})",
    )
    group.add_argument("--preset", choices=("paper",), help="'paper': the settings of the published analysis")
    group.add_argument("--pool", metavar="N", type=int, help="window of gradient pooling in voxels, 1 for none")
    add_target_options(group)
    group.add_argument(
        "--threshold",
        metavar="T",
        type=value_of(arguments.thresholds),
        nargs="+",
        action="extend",
        help="attention thresholds in (0, 1] (default " + " ".join(map(str, DEFAULT_THRESHOLDS)) + ")",
    )
    group.add_argument("--save-layer-maps", action="store_true", help="also write one attention map per layer")
    add_method_options(parser)


def add_target_options(group: argparse._ArgumentGroup) -> None:
    """Of which layers, and of which voxels and score, there is to be a map."""
    group.add_argument("--pool-mode", choices=POOL_MODES, default="max", help="how gradients are pooled (default max)")
    group.add_argument("--layers", metavar="A,B", type=value_of(arguments.names), help="layers such as encoder.4")
    group.add_argument(
        "--target",
        metavar=f"LABEL|{FOREGROUND}",
        type=value_of(arguments.label),
        help="label (number or name) to explain (default: the only one, or the whole foreground)",
    )
    group.add_argument("--kind", choices=TARGET_KINDS, default="prediction", help="voxels to explain")
    group.add_argument("--score", choices=TARGET_SCORES, help="score to explain (default margin)")


def add_computer_options(parser: argparse.ArgumentParser) -> None:
    """Where is computed, and what is shown."""
    group = parser.add_argument_group("computer")
    group.add_argument(
        "--device",
        metavar="auto|cpu|cuda|cuda:N|mps",
        type=value_of(check_device_name),
        default="auto",
        help="where to compute (default auto)",
    )
    group.add_argument(
        "--scan-backend", metavar="NAME", default="auto", help="selective scan; 'umamba-xai doctor' lists them"
    )
    group.add_argument(
        "--memory-limit", metavar="GB", type=float, help="main memory that one case may take beside the model"
    )
    group.add_argument("--quiet", action="store_true", help="show warnings and errors only")
