"""``umamba-xai sam``: what a SAM or MedSAM makes of a region, and what its features find alike."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

from UMambaXAILogic.engine.device import check_device_name
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import DEFAULT_THRESHOLDS
from UMambaXAILogic.engine.sam.request import DEFAULT_LAYERS, OWN_SETTINGS, SamRequest

from . import arguments
from .arguments import value_of
from .explain import refuse_what_needs_a_truth, view_command
from .method_options import add_method_options

_DESCRIPTION = """\
Prompt a Segment Anything model, slice by slice, with the box of a region; write the masks that it gives
(segmentation.nii.gz), how alike its features are to those in the box (attention.nii.gz), the same without the weight
that the box gives to every place (layers/attention.control.nii.gz), and where all of these lie (metrics.json).
The checkpoint is a file of your own: nothing is downloaded.
"""
_EPILOG = """\
examples:
  umamba-xai sam head.nii.gz --checkpoint medsam_vit_b.pth --region -20,20,-10,30,0,15 --out result
  umamba-xai sam head.nii.gz --checkpoint sam-vit-base/ --region lesion.nii.gz --gt lesion.nii.gz --out result
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "sam",
        help="prompt a SAM or MedSAM of your own with a region, and explain it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("volume", metavar="VOLUME", type=Path, help="NIfTI, NRRD, MHA/MHD, or a folder with DICOM")
    parser.add_argument(
        "--checkpoint",
        metavar="PATH",
        type=Path,
        required=True,
        help="folder in Hugging Face's format, or .pth file of SAM or MedSAM",
    )
    parser.add_argument(
        "--region",
        metavar="FILE|X0,X1,Y0,Y1,Z0,Z1",
        type=value_of(arguments.region),
        required=True,
        help="what is prompted: a mask, or a box (mm, RAS); a slice's box is the smallest around its voxels",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the results")
    _add_input_options(parser)
    _add_explanation_options(parser)
    add_method_options(parser, OWN_SETTINGS)
    group = parser.add_argument_group("computer")
    group.add_argument(
        "--device",
        metavar="auto|cpu|cuda|cuda:N|mps",
        type=value_of(check_device_name),
        default="auto",
        help="where to compute (default auto)",
    )
    group.add_argument("--quiet", action="store_true", help="show warnings and errors only")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    request = request_from(options)

    from UMambaXAILogic.engine.output_folder import refuse_file

    from .interrupt import Interrupt
    from .progress import make_reporter
    from .summary import summary

    refuse_file(request.output)
    with Interrupt() as interrupt, make_reporter(interrupt.requested, options.quiet) as reporter:
        from UMambaXAILogic.engine.sam.run import run_sam  # torch takes seconds

        result = run_sam(request, reporter)
    if not options.quiet:
        print(summary(result))
        print(f"  {'Look at it':<13} {view_command(request.output, request.volume, request.ground_truth)}")
    return 0


def request_from(options: argparse.Namespace) -> SamRequest:
    """The request that the options describe.

    Raises:
        UsageError: a value is out of its range.
    """
    refuse_what_needs_a_truth(options)
    return SamRequest(
        volume=options.volume,
        checkpoint=options.checkpoint,
        output=options.out,
        region=options.region,
        ground_truth=options.gt,
        ground_truth_labels=options.gt_label,
        resample_ground_truth=options.resample_gt,
        options=MethodOptions(**{name: getattr(options, name) for name in OWN_SETTINGS}),
        layers=options.layers,
        window=options.window,
        pixels=options.pixels,
        thresholds=tuple(chain.from_iterable(options.threshold)) if options.threshold else DEFAULT_THRESHOLDS,
        device=options.device,
        series_uid=options.series,
        save_layer_maps=options.save_layer_maps,
    )


def _add_input_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("input")
    group.add_argument("--series", metavar="UID", help="which DICOM series of the folder, where it holds several")
    group.add_argument("--gt", metavar="MASK", type=Path, help="ground truth on the grid of VOLUME")
    group.add_argument(
        "--gt-label", metavar="A,B", type=value_of(arguments.whole_numbers), help="its labels (default: all above 0)"
    )
    group.add_argument("--resample-gt", action="store_true", help="resample a ground truth that lies on another grid")
    group.add_argument(
        "--window",
        metavar="LOW,HIGH",
        type=value_of(arguments.thresholds),
        help="intensities shown from black to white (default: CT angiography's for CT, else all)",
    )
    group.add_argument(
        "--pixels",
        choices=("sam", "medsam"),
        help="how the network wants its pixels (default: what the folder says, else by the checkpoint's name)",
    )


def _add_explanation_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("explanation")
    group.add_argument(
        "--layers",
        metavar="A,B",
        type=value_of(arguments.names),
        default=DEFAULT_LAYERS,
        help="depths of the image encoder, block.0 ... or embedding, its output (default); their maps are averaged",
    )
    group.add_argument(
        "--threshold",
        metavar="T",
        type=value_of(arguments.thresholds),
        nargs="+",
        action="extend",
        help="attention thresholds in (0, 1] (default " + " ".join(map(str, DEFAULT_THRESHOLDS)) + ")",
    )
    group.add_argument("--save-layer-maps", action="store_true", help="also write one attention map per layer")
