"""``umamba-xai dataset``: the public data sets, as they are released, made ready for training and diagnosis."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from UMambaXAILogic.engine.errors import UsageError

from . import arguments

if TYPE_CHECKING:
    from UMambaXAILogic.engine.public_data import ImportResult

_LABEL_KINDS = ("binary", "multiclass")
_IMAGE_SOURCES = ("dicom", "nifti")
#: More cases than this that were left out for one kind of reason are counted, not listed.
_LISTED = 20
_WIDTH = 110


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "dataset",
        help="import a public data set",
        description="Turn a public data set, as it is released, into an nnU-Net raw data set, evaluation regions and a "
        "manifest. Running it again continues where it stopped.",
    )
    arguments.add_common_options(parser)
    sets = parser.add_subparsers(title="data sets", metavar="NAME", required=True)
    rsna = sets.add_parser(
        "rsna",
        help="RSNA Intracranial Aneurysm Detection (Kaggle 2025)",
        description="The CT angiograms of RSNA Intracranial Aneurysm Detection that have a vessel mask.",
    )
    _add_options(rsna, "train.csv, segmentations/ and series/", dataset_id=501, hold_out=0.2)
    rsna.add_argument(
        "--images",
        choices=_IMAGE_SOURCES,
        help="take images from the DICOM series or from the NIfTI files beside the masks (default: dicom where series/ "
        "is there)",
    )
    rsna.add_argument(
        "--id-map",
        metavar="FILE",
        type=Path,
        help="also write which case has which SeriesInstanceUID, readable by you only; outside --out",
    )
    rsna.set_defaults(run=run_rsna)
    topcow = sets.add_parser(
        "topcow",
        help="TopCoW 2024, CT angiograms",
        description="The CT angiograms of the TopCoW 2024 release.",
    )
    _add_options(topcow, "imagesTr/, cow_seg_labelsTr/ and roi_loc_labelsTr/", dataset_id=502, hold_out=0.0)
    topcow.set_defaults(run=run_topcow)


def run_rsna(options: argparse.Namespace) -> int:
    """Import RSNA; returns the exit status."""
    from UMambaXAILogic.engine.public_data import RSNA, write_id_map

    _check_id_map(options.id_map, options.out)
    data_set = RSNA(options.path, options.images)
    if options.id_map is not None:
        write_id_map(options.id_map, data_set.names, ("case", "SeriesInstanceUID"))
    return _run(data_set, options)


def run_topcow(options: argparse.Namespace) -> int:
    """Import TopCoW; returns the exit status."""
    from UMambaXAILogic.engine.public_data import TopCoW

    return _run(TopCoW(options.path, options.out), options)


def summary(result: ImportResult) -> str:
    """What a user reads when an import is done."""
    return "\n".join(_lines(result))


def _add_options(parser: argparse.ArgumentParser, holds: str, dataset_id: int, hold_out: float) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help=f"folder of the release, with {holds}")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder to write to")
    parser.add_argument(
        "--labels", choices=_LABEL_KINDS, default="binary", help="one label, vessel (default), or the released ones"
    )
    parser.add_argument(
        "--dataset-id", metavar="N", type=int, default=dataset_id, help=f"nnU-Net's number (default {dataset_id})"
    )
    parser.add_argument(
        "--hold-out",
        metavar="SHARE",
        type=float,
        default=hold_out,
        help=f"share of the cases kept out of nnU-Net's training set, for testing (default {hold_out:g})",
    )
    parser.add_argument("--quiet", action="store_true", help="show errors only")
    arguments.add_common_options(parser)


def _check_id_map(path: Path | None, output: Path) -> None:
    if path is not None and output.absolute() in path.absolute().parents:
        raise UsageError(
            f"The map of identifiers {path} lies inside {output}, which is made to be shared.", "Name a private file."
        )


def _run(data_set: Any, options: argparse.Namespace) -> int:
    from UMambaXAILogic.engine.public_data import ImportSettings, import_data_set

    from .interrupt import Interrupt
    from .progress import make_count_reporter

    settings = ImportSettings(options.out, options.labels, options.dataset_id, options.hold_out)
    with Interrupt() as interrupt, make_count_reporter(interrupt.requested, options.quiet) as reporter:
        if data_set.root.absolute() != options.path.absolute() and not options.quiet:
            reporter.show(f"Found the release in {data_set.root}")
        result = import_data_set(data_set, settings, reporter)
    if not options.quiet:
        print(summary(result))
    return 0


def _lines(result: ImportResult) -> Iterator[str]:
    content = result.content
    counts = content["counts"]
    yield f"{content['data_set']['title']}: {counts['taken']} of {counts['found']} cases taken"
    training = [case["case"] for case in content["cases"] if not case["held_out"]]
    held_out = [case["case"] for case in content["cases"] if case["held_out"]]
    yield from _wrapped(f"  In training ({len(training)})", training)
    if content["settings"]["hold_out"]:
        yield from _wrapped(f"  Held out ({len(held_out)})", held_out)
    for code, count in counts["left_out"].items():
        yield f"  Left out, {code}: {count}"
        if count <= _LISTED:
            for one in content["left_out"]:
                if one["code"] == code:
                    yield textwrap.indent(f"{one['case']}: {one['reason']}", "    ")
        else:
            example = next(one for one in content["left_out"] if one["code"] == code)
            yield f"    such as {example['case']}: {example['reason']}"
    if counts["warnings"]:
        yield f"  Warnings: {', '.join(f'{count} {code}' for code, count in counts['warnings'].items())}"
    yield f"  Manifest: {result.manifest}"
    if result.held_out_manifest is not None:
        yield f"  Manifest of the held-out cases: {result.held_out_manifest}"
    yield f"  nnU-Net: export nnUNet_raw={result.raw_folder.parent.absolute()}   (data set {result.raw_folder.name})"
    yield f"  Every case, and every reason: {result.report}"


def _wrapped(title: str, names: list[str]) -> list[str]:
    text = f"{title}: {', '.join(names) or 'none'}"
    return textwrap.wrap(text, _WIDTH, subsequent_indent="    ", break_long_words=False)
