"""Run the whole framework on phantom cohorts with the demo model: ``make reproduce``.

    python Utilities/Reproduce/reproduce.py [--work reproduce-output] [--cases 12] [--shift-cases 2]

Writes two phantom cohorts of seeds that the model was not trained on, processes both, writes the report with the
published numbers beside, and asks which factor of the domain gap costs how much. Every step is a command of
``umamba-xai`` and is printed before it runs, so that it can be repeated by hand. What is finished is not done again.
With ``--update-documentation``, the tables of ``Documentation/reproduction.md`` are renewed.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from paper_comparison import write_comparison

from UMambaXAILogic.cli import main as umamba_xai

SEED = 3003
METHODS = "seg-xres-cam@1,seg-xres-cam@2,seg-grad-cam"
PAGE = Path(__file__).resolve().parents[2] / "Documentation" / "reproduction.md"


def main() -> int:
    """Run all steps; returns the exit status of the first that fails, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("reproduce-output"), help="default ./reproduce-output")
    parser.add_argument("--cases", type=int, default=12, help="phantoms of each cohort (default 12)")
    parser.add_argument("--shift-cases", type=int, default=2, help="source phantoms for shift attribution (default 2)")
    parser.add_argument("--update-documentation", action="store_true", help=f"renew the tables of {PAGE.name}")
    options = parser.parse_args()
    work: Path = options.work
    cohorts = {cohort: work / "cohorts" / cohort for cohort in ("source", "target")}
    steps: list[list[str]] = []
    for cohort, folder in cohorts.items():
        phantoms = work / "phantoms" / cohort
        manifest = phantoms / "manifest.csv"
        if not has_cases(manifest, options.cases):
            steps.append(
                f"phantom --cohort {cohort} --count {options.cases} --seed {SEED} --out".split() + [str(phantoms)]
            )
        steps.append(["cohort", str(manifest), "--model", "demo", "--methods", METHODS, "--out", str(folder)])
    report = work / "report"
    between = ["--source", str(cohorts["source"]), "--target", str(cohorts["target"])]
    steps.append(["diagnose", *between, "--paper", "--out", str(report)])
    if options.shift_cases:
        source = ["--source", str(work / "phantoms" / "source" / "manifest.csv"), "--target", str(cohorts["target"])]
        count = ["--cases", str(options.shift_cases)]
        steps.append(["shift", *source, "--model", "demo", *count, "--out", str(work / "shift")])
    for words in steps:
        print(f"\n$ {shlex.join(['umamba-xai', *words])}", flush=True)
        status = umamba_xai(words)
        if status:
            return status
    comparison = write_comparison(report / "report.json", work / "comparison.md")
    if options.update_documentation:
        comparison.put_into(PAGE)
    print(f"\nLook at {report / 'report.html'} and {work / 'comparison.md'}")
    return 0


def has_cases(manifest: Path, count: int) -> bool:
    """Whether a cohort of this size is there; its manifest is written last."""
    return manifest.is_file() and len(manifest.read_text(encoding="utf-8").splitlines()) == count + 1


if __name__ == "__main__":
    sys.exit(main())
