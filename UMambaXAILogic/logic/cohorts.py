"""Many volumes: process a cohort, load its results and its diagnosis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.scene.cohort_results import CaseImport, CohortImport
from UMambaXAILogic.scene.diagnosis_tables import add_diagnosis_tables, read_report
from UMambaXAILogic.scene_calls.cohort import cases_table_call, cohort_call, load_case_call, manifest_of
from UMambaXAILogic.scene_calls.job import SceneCall, SceneJob
from UMambaXAILogic.scene_calls.options import Options, cohort_options_from, cohort_template
from UMambaXAILogic.scene_calls.results import CohortResult, DiagnosisResult, SegmentAndExplainResult

from .door import Door, absolute


class CohortCalls(Door):
    """Calls about many volumes."""

    def processCohort(
        self,
        manifest: str | Path,
        model: str | Path = "demo",
        *,
        outputFolder: str | Path,
        threshold: float = REPORTING_THRESHOLD,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        restart: bool = False,
        **options: Any,
    ) -> CohortResult:
        """Segment, explain and measure all cases of a manifest. **Blocks** until all are done; no dialogs.

            result = logic.processCohort("manifest.csv", model="demo", outputFolder="results", workers=2)
            explained = result.loadCase(result.cases[0]["case"])
            logic.showOverlay(explained)

        A run that was stopped goes on where it was; cases that are finished are not computed again.

        Args:
            manifest: CSV with the columns case, volume and, if wanted, gt, domain, region, series; paths are relative
                to it.
            model: trained nnU-Net folder, exported zip, or ``"demo"``.
            outputFolder: for the results; created if missing.
            threshold: gap and verdict rest on it.
            workers: processes that compute; None: as many as devices, cores and memory allow.
            threads: CPU threads of one case; None: the cores shared out among the workers.
            scheduler: address of a Dask scheduler that is there already, instead of this machine.
            restart: compute cases again that were computed with other settings, instead of refusing them.
            options: the fields of ``scene_calls.options.Options`` that are not about nodes.

        Returns:
            The folder, the table of cases, and ``loadCase`` to look at one of them. Cases that failed are in the
            table with their reason; they raise nothing.

        Raises:
            UsageError, ModelError, InputError: what is wrong with options, model, manifest or files; all problems of
                manifest and files are listed before the first case is computed.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        template = (model, threshold, cohort_options_from(options))
        asked = self._cohort(manifest, outputFolder, template, workers, threads, scheduler, restart)
        return self._worker.run(asked)

    def startProcessCohort(
        self,
        manifest: str | Path,
        model: str | Path = "demo",
        *,
        outputFolder: str | Path,
        threshold: float = REPORTING_THRESHOLD,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        restart: bool = False,
        **options: Any,
    ) -> SceneJob[CohortImport, CohortResult]:
        """As ``processCohort``, but returns at once; ``job.cases`` counts those that have ended.

        See ``startSegmentAndExplain`` for the job. A job that is cancelled keeps the finished cases: the same call goes
        on with the others.
        """
        template = (model, threshold, cohort_options_from(options))
        asked = self._cohort(manifest, outputFolder, template, workers, threads, scheduler, restart)
        return self._worker.start(asked)

    def loadCohort(self, outputFolder: str | Path, manifest: str | Path | None = None) -> CohortResult:
        """The results of a cohort that was processed elsewhere, or before. **Blocks** for a few seconds; no dialogs.

        Args:
            outputFolder: what ``processCohort`` or ``umamba-xai cohort`` wrote, finished or not.
            manifest: that the cohort was made from, where it has been moved since.

        Raises:
            InputError: the folder holds no results of a cohort.
        """
        folder = absolute(outputFolder)
        loading = self._loading(folder, manifest_of(folder) if manifest is None else absolute(manifest))
        return self._worker.run(lambda scratch: cases_table_call(folder, scratch, self._sceneNow(), loading))

    def loadDiagnosis(self, reportFolder: str | Path) -> DiagnosisResult:
        """The tables of a diagnosis as table nodes. Needs no worker.

        Args:
            reportFolder: what ``umamba-xai diagnose`` wrote, or its report.json.

        Raises:
            InputError: there is no report, or one of another version.
        """
        path = absolute(reportFolder)
        report = read_report(path)
        name = (path if path.is_dir() else path.parent).name
        return DiagnosisResult(
            report, report["verdict"]["headline"], add_diagnosis_tables(self._sceneNow(), name, report)
        )

    def _cohort(
        self,
        manifest: str | Path,
        output_folder: str | Path,
        template: tuple[str | Path, float, Options],
        workers: int | None,
        threads: int | None,
        scheduler: str | None,
        restart: bool,
    ) -> Callable[[Path], SceneCall[CohortImport, CohortResult]]:
        path, folder = absolute(manifest), absolute(output_folder)
        request = CohortRequest(
            manifest=path,
            output=folder,
            template=cohort_template(path, folder, *template),
            workers=workers,
            threads=threads,
            scheduler=scheduler,
            restart=restart,
        )
        loading = self._loading(folder, path)
        return lambda scratch: cohort_call(request, self._sceneNow(), loading)

    def _loading(self, folder: Path, manifest: Path) -> Callable[[str, bool], Any]:
        """What loads one case of a cohort."""

        def load(case: str, blocking: bool) -> Any:
            def asked(scratch: Path) -> SceneCall[CaseImport, SegmentAndExplainResult]:
                return load_case_call(folder, manifest, case, scratch, self._sceneNow())

            return self._worker.run(asked) if blocking else self._worker.start(asked)

        return load
