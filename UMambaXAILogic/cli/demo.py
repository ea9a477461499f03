"""``umamba-xai demo``: the whole tool on two phantoms, and on a volume of the user's where one is given."""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.device import check_device_name
from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.engine.failure import describe_failure
from UMambaXAILogic.engine.request import Request

from . import arguments

if TYPE_CHECKING:
    from .interrupt import Interrupt

COHORTS = ("source", "target")
#: Far from the seeds that the demo model was trained on.
SEED = 9000
MODEL = "demo"


@dataclass(frozen=True)
class DemoCase:
    """One volume of the demo.

    Args:
        name: of the case and of its folder.
        volume: what to explain.
        ground_truth: of phantoms, the vessels that were put in.
    """

    name: str
    volume: Path
    ground_truth: Path | None = None


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "demo",
        help="explain two phantoms and show everything on one page",
        description="Segment and explain a source and a target phantom with the demo model, and VOLUME if one is"
        " given; write case folders, pictures and index.html.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("volume", metavar="VOLUME", nargs="?", type=Path, help="an angiogram of your own")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("demo-output"), help="default ./demo-output")
    parser.add_argument(
        "--device", type=arguments.value_of(check_device_name), default="auto", help="where to compute (default auto)"
    )
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from .interrupt import Interrupt

    finished: list[tuple[DemoCase, Path]] = []
    status = 0
    with Interrupt() as interrupt:
        for case in _cases(options.out, options.volume):
            try:
                folder = _explain(case, options, interrupt)
            except UMambaXAIError as error:
                if case.volume != options.volume or interrupt.requested():
                    raise
                failure = describe_failure(error)  # the phantoms are worth showing all the same
                print(f"umamba-xai: {failure.text}", file=sys.stderr)
                status = failure.exit_code
                continue
            _draw(case, folder)
            finished.append((case, folder))
    page = _build_pages(options.out, finished)
    print(f"\nLook at {page}")
    return status


def _cases(out: Path, own_volume: Path | None) -> Iterator[DemoCase]:
    from UMambaXAILogic.engine.phantom import write_cohort

    for cohort in COHORTS:
        print(f"Making a {cohort} phantom", flush=True)
        manifest = write_cohort(cohort, 1, SEED, out / "phantoms" / cohort)
        with manifest.open(newline="", encoding="utf-8") as file:
            row = next(csv.DictReader(file))
        yield DemoCase(row["case"], manifest.parent / row["volume"], manifest.parent / row["gt"])
    if own_volume is not None:
        from UMambaXAILogic.engine.case.name import case_name

        yield DemoCase(case_name(own_volume), own_volume)


def _explain(case: DemoCase, options: argparse.Namespace, interrupt: Interrupt) -> Path:
    from UMambaXAILogic.engine.pipeline import run_case

    from .progress import make_reporter
    from .summary import summary

    request = Request(
        volume=case.volume,
        model=MODEL,
        output=options.out / case.name,
        case=case.name,
        ground_truth=case.ground_truth,
        device=options.device,
    )
    with make_reporter(interrupt.requested, quiet=False) as reporter:
        result = run_case(request, reporter)
    print(summary(result), flush=True)
    return result.folder


def _draw(case: DemoCase, folder: Path) -> None:
    """Pictures by Slicer's display code, in a process of its own: a graphics driver that crashes takes only that."""
    if find_spec("slicer") is None:
        print("No pictures are drawn: they need slicer-core (python -m pip install slicer-core).", file=sys.stderr)
        return
    command = [sys.executable, "-m", "UMambaXAILogic.scene.pictures", str(folder), "--volume", str(case.volume)]
    if case.ground_truth is not None:
        command += ["--gt", str(case.ground_truth)]
    drawn = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if drawn.returncode != 0:
        last_words = "\n".join(drawn.stderr.strip().splitlines()[-5:])
        print(
            f"The pictures of {case.name} could not be drawn (exit {drawn.returncode}): {last_words}", file=sys.stderr
        )


def _build_pages(out: Path, finished: list[tuple[DemoCase, Path]]) -> Path:
    from UMambaXAILogic.engine.page import build_case_page, build_demo_page

    for case, folder in finished:
        build_case_page(folder, case.volume, case.ground_truth)
    return build_demo_page(out, [folder for _, folder in finished])
