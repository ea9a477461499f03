"""The phase 1 statistics of a case that was segmented: what metrics.json calls ``domain``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .case_input import CaseInput
from .case_name import case_name
from .case_plan import CasePlan
from .domain import measure_domain
from .volume_io.input_warnings import TrainingRange


def case_domain(plan: CasePlan, case: CaseInput, pm: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The case's row, with vessels of the ground truth where there is one, else of the prediction.

    Files other than DICOM do not say their modality. A phantom is CT, and what a model trained on CT numbers is shown
    is taken for CT, unless its values cannot be Hounsfield units.

    Args:
        plan: names case and model.
        case: what was read.
        pm: predicted target, (z, y, x).
    """
    modality = case.facts.modality
    if modality is None and (case.volume.is_phantom or TrainingRange.of(plan.model).expects_hounsfield):
        modality = "CT"
    row = measure_domain(
        case.volume,
        case=plan.request.case or case_name(plan.request.volume),
        vessels=pm if case.ground_truth is None else case.ground_truth,
        vessels_are="prediction" if case.ground_truth is None else "ground_truth",
        modality=modality,
        rescale_type=case.facts.rescale_type,
        slice_gap_irregularity=case.facts.slice_gap_irregularity,
        region=case.region,
    )
    return row.to_json()
