"""A SAM of the user's own on a volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.scene_calls.job import SceneJob
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult
from UMambaXAILogic.scene_calls.sam import sam_call, sam_options_from

from .door import Door


class SamCalls(Door):
    """Calls about SAM and MedSAM."""

    def samEmbeddingMap(
        self,
        volumeNode: Any,
        checkpoint: str | Path,
        regionNode: Any,
        groundTruthNode: Any = None,
        threshold: float = REPORTING_THRESHOLD,
        **options: Any,
    ) -> SegmentAndExplainResult:
        """Prompt a SAM or MedSAM with a region, slice by slice, and map what its features find alike. **Blocks**.

            result = logic.samEmbeddingMap(volumeNode, "medsam_vit_b.pth", regionNode)
            result.segmentationNode, result.attentionNode, result.metrics["alignment_with_box"]

        Args:
            volumeNode: a scalar volume, under any linear transform.
            checkpoint: folder in Hugging Face's format, or .pth file of SAM or MedSAM; nothing is downloaded.
            regionNode: what is prompted: a markups ROI, segmentation or label volume; a slice's box is the smallest
                around its voxels.
            groundTruthNode: segmentation or label volume.
            threshold: attention below it is not shown.
            options: the fields of ``scene_calls.sam.SamOptions``.

        Returns:
            As of ``segmentAndExplain``: the prompted masks, the map, and their measures on the prompted slices.

        Raises:
            UsageError, ModelError, InputError: what is wrong with the options, checkpoint or nodes, and what to do.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        chosen = sam_options_from(options)
        asked = sam_call(volumeNode, checkpoint, regionNode, groundTruthNode, threshold, chosen, self._scene)
        return self._worker.run(asked)

    def startSamEmbeddingMap(
        self,
        volumeNode: Any,
        checkpoint: str | Path,
        regionNode: Any,
        groundTruthNode: Any = None,
        threshold: float = REPORTING_THRESHOLD,
        **options: Any,
    ) -> SceneJob:
        """As ``samEmbeddingMap``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        chosen = sam_options_from(options)
        asked = sam_call(volumeNode, checkpoint, regionNode, groundTruthNode, threshold, chosen, self._scene)
        return self._worker.start(asked)
