"""What the model says about a volume in memory: the pipeline's own two passes, without files."""

from __future__ import annotations

import numpy as np

from ..attribution.aggregation import AttentionMaps
from ..case.input import CaseInput
from ..case.plan import CasePlan
from ..case.record import CaseRecord
from ..case.segmentation import check_target, segment
from ..inference.network_grid import to_network_grid
from ..memory_plan.for_case import plan_memory
from ..memory_plan.method_cost import MethodCost, method_cost
from ..progress import Reporter
from ..volume import Volume
from ..volume_io import VolumeFacts
from .grid_steps import BoolArray, FloatMap
from .prediction import Prediction


class Network:
    """A planned model as a function of a volume.

    Args:
        plan: model, method, layers and target.
        facts: of the case's file.
        explains: whether attention is wanted.
        reporter: asked whether to stop; it hears nothing, because many passes make up one case.
    """

    def __init__(self, plan: CasePlan, facts: VolumeFacts, explains: bool, reporter: Reporter) -> None:
        self._plan, self._facts, self._explains = plan, facts, explains
        self._reporter = reporter
        self._cost: MethodCost | None = None  # the same for every volume

    def __call__(self, volume: Volume, region: BoolArray | None) -> Prediction:
        """See ``Predict``.

        Raises:
            InputError: too little of the volume is left for the network.
            MemoryExhaustedError: it does not fit.
            CancelledError: the user cancelled.
        """
        plan = self._plan
        record = CaseRecord(Reporter(self._is_cancelled))
        case = CaseInput(volume, self._facts, None, region)
        grid = to_network_grid(volume, plan.model)
        if self._cost is None:
            self._cost = method_cost(plan.model, plan.methods, plan.layers, plan.scan_backend)
        memory = plan_memory(plan, case, grid, cost=self._cost)
        explained, labels = segment(plan, case, grid, record, memory.run_memory(None))
        pm = np.isin(labels, plan.score.target.label_values)
        attention: FloatMap | None = None
        if self._explains and check_target(plan, case, explained, grid, pm, record):
            main = plan.methods[0]
            maps = main.method.explain(explained, plan.layers, main.settings, record)
            mean = AttentionMaps(maps, record, plan.last_decoder_layer).mean()
            attention = None if mean is None else grid.to_input(mean)
        return Prediction(pm, attention, tuple(warning["code"] for warning in record.warnings))

    def _is_cancelled(self) -> bool:
        self._reporter.check_cancelled()
        return False
