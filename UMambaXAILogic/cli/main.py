"""Which commands there are, and how any of them ends."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

import UMambaXAILogic
from UMambaXAILogic.engine.deferred_imports import defer_rarely_used
from UMambaXAILogic.engine.failure import describe_failure
from UMambaXAILogic.engine.idle_threads import let_idle_threads_sleep

from . import (
    audit,
    badges,
    benchmark,
    cohort,
    dataset,
    demo,
    diagnose,
    doctor,
    domain,
    explain,
    export_dicom,
    phantom,
    profile,
    sam,
    shift,
    view,
)
from .arguments import Parser, keep_negative_values_together

_EPILOG = """\
exit status: 0 done; 2 wrong usage; 3 input unusable, or cases of a cohort failed; 4 model unusable; 5 out of memory;
6 something is not installed; 130 cancelled; 1 a bug.

For research use only. Not a medical device: no output of this program may guide the care of a patient.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. Errors are one paragraph on standard error."""
    words = keep_negative_values_together(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _build_parser().parse_args(words)
        defer_rarely_used()
        let_idle_threads_sleep()
        return options.run(options)
    except SystemExit as end:  # --help and --version
        return int(end.code or 0)
    except BrokenPipeError:  # the reader (head, a pager) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BaseException as error:
        if "--debug" in words:
            traceback.print_exception(error, file=sys.stderr)
        failure = describe_failure(error)
        print(f"umamba-xai: {failure.text}", file=sys.stderr)
        return failure.exit_code


def _build_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="umamba-xai",
        description="Segment angiograms with U-Mamba, and see and measure what the network attended to.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"umamba-xai {UMambaXAILogic.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (
        explain,
        cohort,
        view,
        export_dicom,
        diagnose,
        benchmark,
        badges,
        domain,
        profile,
        shift,
        sam,
        phantom,
        dataset,
        audit,
        demo,
        doctor,
    ):
        command.add_command(commands)
    return parser
