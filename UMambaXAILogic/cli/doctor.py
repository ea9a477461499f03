"""``umamba-xai doctor``: what is installed, what would be used, and what to do about what is missing."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from UMambaXAILogic.engine.errors import NotInstalledError

from . import arguments

if TYPE_CHECKING:
    from UMambaXAILogic.engine.doctor import Examination

_MARKS = {"ok": "[green]ok[/]", "missing": "[red]missing[/]", "broken": "[red]broken[/]", "note": "[yellow]note[/]"}


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "doctor",
        help="say what is installed and what would be used",
        description="Look at packages, devices and scan backends. Exit status 6 where something needed is missing.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from UMambaXAILogic.engine.doctor import examine

    examination = examine()
    if options.json:
        print(json.dumps(examination.to_dict(), indent=1, allow_nan=False))
    else:
        _show(examination)
    return 0 if examination.is_healthy else NotInstalledError.exit_code


def _show(examination: Examination) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    table = Table("", "what", box=None, pad_edge=False)
    table.add_column("found", overflow="fold")
    for check in examination.checks:
        text = escape(check.value)
        if check.remedy and check.state != "ok":
            text += f"\n[dim]{escape(check.remedy)}[/]"
        table.add_row(_MARKS[check.state], escape(check.name), text)
    console.print(table)
    console.print()

    table = Table("device", "name", "free memory", "selective scan", "why", box=None, pad_edge=False)
    for device in examination.devices:
        free = "unknown" if device.free_memory_mb is None else f"{device.free_memory_mb / 1024:.1f} GiB"
        table.add_row(device.name, escape(device.description), free, device.scan_backend, escape(device.reason))
    console.print(table)
    if examination.auto_device is not None:
        console.print(f"\n--device auto would compute on {examination.auto_device}.")
    console.print("Everything needed is there." if examination.is_healthy else "[red]Something needed is missing.[/]")
