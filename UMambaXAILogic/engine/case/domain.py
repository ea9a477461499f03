"""The phase 1 statistics of a case that was segmented: what metrics.json calls ``domain``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..domain import measure_domain
from .input import CaseInput, case_modality
from .name import case_name
from .plan import CasePlan


def case_domain(plan: CasePlan, case: CaseInput, pm: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The case's row, with vessels of the ground truth where there is one, else of the prediction.

    Args:
        plan: names case and model.
        case: what was read.
        pm: predicted target, (z, y, x).
    """
    row = measure_domain(
        case.volume,
        case=plan.request.case or case_name(plan.request.volume),
        vessels=pm if case.ground_truth is None else case.ground_truth,
        vessels_are="prediction" if case.ground_truth is None else "ground_truth",
        modality=case_modality(case.volume, case.facts, plan.model),
        rescale_type=case.facts.rescale_type,
        slice_gap_irregularity=case.facts.slice_gap_irregularity,
        region=case.region,
    )
    return row.to_json()
