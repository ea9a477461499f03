"""import.json: every case that was taken and how, every one that was not and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import UMambaXAILogic

from ..atomic import write_text
from .annotation import LUMEN_HU, MARGIN_MM, SMALLEST_SHARE
from .sample import DataSet, LeftOut
from .settings import ImportSettings

REPORT_NAME = "import.json"
SCHEMA_VERSION = 1


def write_report(
    path: Path,
    data_set: DataSet,
    settings: ImportSettings,
    taken: Sequence[dict[str, Any]],
    left_out: Sequence[LeftOut],
) -> dict[str, Any]:
    """Write the report and return its contents."""
    codes = Counter(one.code for one in left_out)
    warnings = Counter(warning["code"] for entry in taken for warning in entry["warnings"])
    written = data_set.labels.written_names(settings.labels)
    content = {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "package": UMambaXAILogic.__version__,
        "data_set": {
            "title": data_set.title,
            "domain": data_set.domain,
            "reference": data_set.reference,
            "licence": data_set.licence,
        },
        "settings": {
            **data_set.choices,
            **settings.to_json(),
            "region_margin_mm": MARGIN_MM,
            "region_smallest_share": SMALLEST_SHARE,
            "lumen_hu": list(LUMEN_HU),
        },
        "counts": {
            "found": len(taken) + len(left_out),
            "taken": len(taken),
            "held_out": sum(entry["held_out"] for entry in taken),
            "left_out": dict(codes.most_common()),
            "warnings": dict(warnings.most_common()),
        },
        "labels": [
            {"released": value, "name": name, "written": 1 if settings.labels == "binary" else written[name]}
            for value, name in data_set.labels.names.items()
        ],
        "cases": list(taken),
        "left_out": [{"case": one.case, "code": one.code, "reason": one.reason} for one in left_out],
    }
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return content
