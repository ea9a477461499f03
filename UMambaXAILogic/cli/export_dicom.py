"""``umamba-xai export-dicom``: a result as DICOM objects of the series it was computed from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from . import arguments

if TYPE_CHECKING:
    from UMambaXAILogic.engine.dicom_export import DicomExport

_DESCRIPTION = """\
Write the attention map of a result as DICOM Parametric Map (attention.dcm) and its labels as DICOM Segmentation
(segmentation.dcm), in the study and the frame of reference of the series that was explained. Patient and study are
copied from that series: the files are as private as it is. Refused where the series does not hold the very voxels
that the result was computed from.
"""
_EPILOG = """\
examples:
  umamba-xai export-dicom result --series-folder dicom/ --out result-dicom
  umamba-xai explain dicom/ --model demo --out result --dicom        # the same, into result/dicom
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "export-dicom",
        help="write a result as DICOM Parametric Map and Segmentation",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("result", metavar="RESULT_DIR", type=Path, help="folder written by 'explain' or 'sam'")
    parser.add_argument(
        "--series-folder", metavar="DICOM_DIR", type=Path, required=True, help="folder with the explained series"
    )
    parser.add_argument("--series", metavar="UID", help="which DICOM series of the folder, where it holds several")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the DICOM files")
    parser.add_argument("--quiet", action="store_true", help="show warnings and errors only")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from UMambaXAILogic.engine.dicom_export import export_dicom

    export = export_dicom(options.result, options.series_folder, options.series, options.out)
    if not options.quiet:
        print("\n".join(export_lines(export)))
    return 0


def export_lines(export: DicomExport) -> list[str]:
    """What was written, for people."""
    attention = "none: the result has no attention map" if export.attention is None else str(export.attention)
    lines = [f"  {'Parametric Map':<15} {attention}", f"  {'Segmentation':<15} {export.segmentation}"]
    if export.emptied:
        lines.append(f"  Left empty, because DICOM does not allow what the series says: {', '.join(export.emptied)}")
    return lines
