"""``umamba-xai audit``: do the numbers of reported tables agree with one another?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from . import arguments

_FORMATS = """\
TABLES is one of
  report.json   written by 'umamba-xai diagnose'; or metrics.json, written by 'umamba-xai explain'
  *.json        one key a table: "table9...": [{"tau": 0.3, "domain": "S", "iou": ..., "f1": ..., "precision": ...,
                "recall": ...}, ...]. Known are tables 1-5 and 7-11 of arXiv 2512.13977 and "figure4..." for the gap.
                Rows may say how they were averaged: "averaging": "pooled", "case_mean" or "slice_mean".
  *.csv         one line a row, with the columns table, cohort and those of the table, such as threshold, iou, f1,
                precision, recall, averaging; a cell that a table does not have stays empty.
A number counts as rounded to the digits of its column. Documentation/diagnosis.md lists columns and checks.
"""


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to the program's parser."""
    parser = commands.add_parser(
        "audit",
        help="check whether reported tables agree with themselves",
        description="Look for numbers that no data can give: ours, or those of a paper. Findings are results, not "
        "errors: the exit status is 0.",
        epilog=_FORMATS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("tables", metavar="TABLES", type=Path, help="JSON or CSV file")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    arguments.add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from UMambaXAILogic.engine.diagnosis.table_audit import audit_file

    result, tables = audit_file(options.tables)
    if options.json:
        print(json.dumps(result.to_json(), indent=1, allow_nan=False))
        return 0
    names = ", ".join(tables)
    for finding in result.findings:
        cohort = "" if finding.cohort is None else f", {finding.cohort}"
        print(f"Table {finding.table}{cohort}: {finding.kind}: {finding.text}.")
    found = "no contradiction" if not result.findings else f"{len(result.findings)} found"
    print(f"{result.checked} checks in {len(tables)} tables ({names}): {found}.")
    return 0
