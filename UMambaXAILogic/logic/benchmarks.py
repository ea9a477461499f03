"""Attribution maps judged by evidence: the benchmark of a volume and of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.benchmark.cohort_request import BenchmarkCohortRequest
from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.request import REPORTING_THRESHOLD
from UMambaXAILogic.scene.import_benchmark import BenchmarkFolderImport, BenchmarkImport
from UMambaXAILogic.scene_calls.benchmark import (
    MapBenchmark,
    benchmark_call,
    benchmark_cohort_call,
    load_benchmark,
)
from UMambaXAILogic.scene_calls.benchmark_options import benchmark_options_from, benchmark_request
from UMambaXAILogic.scene_calls.job import SceneJob
from UMambaXAILogic.scene_calls.options import cohort_template

from .door import Door, absolute


class BenchmarkCalls(Door):
    """Calls that judge methods."""

    def benchmark(
        self,
        volumeNode: Any,
        model: str | Path = "demo",
        groundTruthNode: Any = None,
        *,
        outputFolder: str | Path | None = None,
        **options: Any,
    ) -> MapBenchmark:
        """Explain a volume by several methods and judge every map by evidence. **Blocks**; no dialogs.

            judged = logic.benchmark(volumeNode, methods=["seg-xres-cam", "seg-grad-cam"], axes=["sanity"])
            for row in judged.rows:
                print(row["rank"], row["name"], row["faithfulness"], row["sanity_passed"])

        Args:
            volumeNode: a scalar volume, under any linear transform.
            model: trained nnU-Net folder, exported zip, or ``"demo"``.
            groundTruthNode: segmentation or label volume, for ``targetKind`` ``tp``, ``fp`` or ``fn``.
            outputFolder: keeps all files, the maps among them, as ``umamba-xai benchmark`` writes them; None: only the
                table and the curves stay, in the scene.
            options: the fields of ``scene_calls.benchmark_options.BenchmarkOptions``, and those of
                ``scene_calls.options.Options`` that say what is explained and how.

        Returns:
            The ranked table and the curves as nodes below the volume in the subject hierarchy, and the numbers.

        Raises:
            UsageError, ModelError, InputError: what is wrong with the options, model or nodes, and what to do; there
                is nothing to explain.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        output = None if outputFolder is None else absolute(outputFolder)
        asked = benchmark_options_from(options)
        return self._worker.run(benchmark_call(volumeNode, model, groundTruthNode, output, asked, self._scene))

    def startBenchmark(
        self,
        volumeNode: Any,
        model: str | Path = "demo",
        groundTruthNode: Any = None,
        *,
        outputFolder: str | Path | None = None,
        **options: Any,
    ) -> SceneJob[BenchmarkImport, MapBenchmark]:
        """As ``benchmark``, but returns at once; see ``startSegmentAndExplain`` for the job."""
        output = None if outputFolder is None else absolute(outputFolder)
        asked = benchmark_options_from(options)
        return self._worker.start(benchmark_call(volumeNode, model, groundTruthNode, output, asked, self._scene))

    def benchmarkCohort(
        self,
        manifest: str | Path,
        model: str | Path = "demo",
        *,
        outputFolder: str | Path,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        restart: bool = False,
        **options: Any,
    ) -> MapBenchmark:
        """Judge the maps of every case of a manifest. **Blocks** until all are done; no dialogs.

        A run that was stopped goes on where it was; cases that are finished are not judged again.

        Args:
            manifest, model, outputFolder, workers, threads, scheduler, restart: as for ``processCohort``; without
                ``workers`` or ``scheduler`` one case comes after the other.
            options: as for ``benchmark``, but for those that are about nodes.

        Returns:
            The table of methods with means and 95 % intervals over cases; cases that failed are in
            ``body["failed_cases"]`` with their reasons.

        Raises:
            UsageError, ModelError, InputError: what is wrong with options, model, manifest or files; no case could be
                judged.
            NotInstalledError, MemoryExhaustedError, WorkerCrashedError: it cannot run here.
        """
        request = _cohort_request(manifest, model, outputFolder, workers, threads, scheduler, restart, options)
        return self._worker.run(lambda _scratch: benchmark_cohort_call(request, self._sceneNow()))

    def startBenchmarkCohort(
        self,
        manifest: str | Path,
        model: str | Path = "demo",
        *,
        outputFolder: str | Path,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        restart: bool = False,
        **options: Any,
    ) -> SceneJob[BenchmarkFolderImport, MapBenchmark]:
        """As ``benchmarkCohort``, but returns at once; ``job.cases`` counts those that have ended."""
        request = _cohort_request(manifest, model, outputFolder, workers, threads, scheduler, restart, options)
        return self._worker.start(lambda _scratch: benchmark_cohort_call(request, self._sceneNow()))

    def loadBenchmark(self, folder: str | Path) -> MapBenchmark:
        """The table and the curves of a benchmark that was made elsewhere, or before. Needs no worker.

        Args:
            folder: what ``benchmark``, ``benchmarkCohort`` or ``umamba-xai benchmark`` wrote, of a case or a cohort.

        Raises:
            InputError: there is no benchmark, or one of another version.
        """
        return load_benchmark(absolute(folder), self._sceneNow())


def _cohort_request(
    manifest: str | Path,
    model: str | Path,
    output_folder: str | Path,
    workers: int | None,
    threads: int | None,
    scheduler: str | None,
    restart: bool,
    options: dict[str, Any],
) -> BenchmarkCohortRequest:
    path, folder = absolute(manifest), absolute(output_folder)
    asked, shared = benchmark_options_from(options, of_cohort=True)
    template = cohort_template(path, folder, model, REPORTING_THRESHOLD, shared)
    cohort = CohortRequest(
        manifest=path,
        output=folder,
        template=template,
        workers=workers,
        threads=threads,
        scheduler=scheduler,
        restart=restart,
    )
    return BenchmarkCohortRequest(cohort, benchmark_request(template, asked))
