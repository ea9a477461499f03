"""What machine a benchmark ran on, and where its results are kept."""

from __future__ import annotations

import datetime
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

RESULTS = Path(__file__).parent / "results"


def describe_machine() -> dict[str, Any]:
    """Processor, threads, memory and versions, with the date."""
    import psutil

    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "date": datetime.date.today().isoformat(),
        "processor": processor,
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "gpu": gpu,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def facts_line(machine: dict[str, Any]) -> str:
    """``describe_machine``'s facts in one line."""
    gpu = f", {machine['gpu']}" if machine["gpu"] else ", no GPU"
    return (
        f"{machine['date']}; {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB{gpu}; "
        f"{machine['system']}, Python {machine['python']}, torch {machine['torch']}, numpy {machine['numpy']}"
    )


def write_results(name: str, result: dict[str, Any], page: str | None = None) -> None:
    """Keep a result beside the benchmarks: as JSON, and as a page to read where there is one."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    if page is not None:
        (RESULTS / f"{name}.md").write_text(page)
