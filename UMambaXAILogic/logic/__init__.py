"""The door for 3D Slicer's console, its panel, and any script with a MRML scene.

    from UMambaXAILogic.logic import UMambaXAILogic
    logic = UMambaXAILogic()
    result = logic.segmentAndExplain(volumeNode, model="demo", groundTruthNode=groundTruth)
    result.segmentationNode, result.attentionNode, result.metrics

Method names are camelCase because Slicer users call them; everything below this door is PEP 8. The computation runs in
a worker process, so Slicer's own Python needs none of its packages. The same calls work without the application, on the
``slicer-core`` wheel.
"""

from __future__ import annotations

from .benchmarks import BenchmarkCalls
from .cases import CaseCalls
from .cohorts import CohortCalls
from .dicom import DicomCalls
from .maps import MapCalls
from .measurements import MeasurementCalls
from .sam import SamCalls


class UMambaXAILogic(CaseCalls, MapCalls, CohortCalls, MeasurementCalls, DicomCalls, BenchmarkCalls, SamCalls):
    """Segments and explains volumes of a MRML scene.

    Args:
        scene: where results go; None: the volume's own scene.
        runnerFactory: makes the runner of each worker that is started without blocking; None: QProcess in Slicer,
            ``subprocess`` elsewhere (there the job advances while ``job.wait()`` is called).
        environment: the Python that the worker gets; None: the private runtime in Slicer, this Python elsewhere.
    """
