"""Results as DICOM objects."""

from __future__ import annotations

from pathlib import Path

from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene_calls.dicom import DicomFiles, DicomFilesImport, dicom_call
from UMambaXAILogic.scene_calls.job import SceneJob
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult

from .door import Door, absolute


class DicomCalls(Door):
    """Calls that write DICOM."""

    def exportToDicom(self, result: SegmentAndExplainResult | ResultView, folder: str | Path) -> DicomFiles:
        """Write a result as DICOM Parametric Map and Segmentation. **Blocks**; no dialogs.

            written = logic.exportToDicom(result, "/data/dicom-results")
            written.attention, written.segmentation

        Both belong to the study of the series that the volume was loaded from, and are as private as that.

        Args:
            result: of a volume that was loaded from Slicer's DICOM database; also the ``ResultView`` of a result that a
                scene was saved with.
            folder: for ``attention.dcm`` and ``segmentation.dcm``, which are replaced; created if missing.

        Returns:
            The files.

        Raises:
            InputError: the volume was not loaded from DICOM; its files cannot be found, or are not what was explained;
                the prediction was changed.
            UsageError: the folder cannot be written, or holds the series.
            NotInstalledError, WorkerCrashedError: it cannot run here.
        """
        return self._worker.run(dicom_call(result, absolute(folder)))

    def startExportToDicom(
        self, result: SegmentAndExplainResult | ResultView, folder: str | Path
    ) -> SceneJob[DicomFilesImport, DicomFiles]:
        """As ``exportToDicom``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        return self._worker.start(dicom_call(result, absolute(folder)))
