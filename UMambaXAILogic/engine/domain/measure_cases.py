"""The rows of many cases, from their files: one pass each, several at a time if wanted; nothing but rows is kept."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from ..cohort.manifest import ManifestCase
from ..errors import CancelledError, MemoryExhaustedError
from ..failure import describe_failure
from ..privacy import without_identifiers
from ..progress import Reporter
from ..request import Region
from ..volume_io import InputWarning
from .files import measure_files
from .row import ARBITRARY_UNITS, DomainRow
from .settings import DomainSettings

#: How often a wait for workers looks whether the user asked to stop.
_PATIENCE_S = 0.2


@dataclass(frozen=True)
class Measuring:
    """How the cases of a cohort are measured.

    Args:
        settings: of the statistics.
        modality: of the volumes whose files do not say.
        resample_masks: resample masks that lie on another grid than their volume instead of refusing them.
    """

    settings: DomainSettings = field(default_factory=DomainSettings)
    modality: str | None = None
    resample_masks: bool = False


@dataclass(frozen=True)
class FailedCase:
    """A case that could not be measured.

    Args:
        case: its name.
        reason: what was wrong and what to do, for the user at the terminal.
        written_reason: what was wrong, for files: without names of files and folders, which may be those of patients,
            and without DICOM identifiers.
    """

    case: str
    reason: str
    written_reason: str


@dataclass(frozen=True)
class MeasuredCase:
    """What became of one case: a row, or the reason why there is none."""

    row: DomainRow | None
    failed: FailedCase | None = None
    warnings: tuple[InputWarning, ...] = ()


def measure_cases(
    cases: Sequence[ManifestCase],
    how: Measuring,
    workers: int = 1,
    reporter: Reporter | None = None,
) -> list[MeasuredCase]:
    """Measure every case; one that fails does not stop the others.

    Args:
        cases: where their files are.
        how: settings.
        workers: processes that measure at the same time; each needs memory for a volume of its own.
        reporter: told of progress after each case; may cancel between cases.

    Returns:
        In the order of ``cases``.

    Raises:
        CancelledError: the reporter asked to stop.
        MemoryExhaustedError: a worker process was ended by the system.
    """
    reporter = reporter or Reporter()
    results: dict[int, MeasuredCase] = {}
    several = workers > 1 and len(cases) > 1
    measured = _in_workers if several else _one_by_one
    with contextlib.closing(measured(cases, how, min(workers, len(cases)), reporter)) as finished:
        for index, result in finished:
            results[index] = result
            reporter.progress(len(results) / len(cases))
            reporter.check_cancelled()
    return [results[index] for index in range(len(cases))]


def measure_case(case: ManifestCase, how: Measuring) -> MeasuredCase:
    """Read one case's files and measure them.

    Args:
        case: where its files are.
        how: settings.
    """
    try:
        return _measure(case, how)
    except CancelledError:
        raise
    except Exception as error:
        failure = describe_failure(error)
        if failure.code == "bug":
            raise
        return MeasuredCase(None, FailedCase(case.case, failure.text, _shown_reason(failure.message, case)))


class _Collector(Reporter):
    """Keeps the warnings of one case."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[InputWarning] = []

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        self.warnings.append(InputWarning(code, message))


def _measure(case: ManifestCase, how: Measuring) -> MeasuredCase:
    collector = _Collector()
    row = measure_files(
        case.volume,
        case=case.case,
        mask=case.ground_truth,
        region=None if case.region is None else Region(mask=case.region),
        series_uid=case.series_uid,
        resample_mask=how.resample_masks,
        modality=how.modality,
        settings=how.settings,
        reporter=collector,
    )
    if row.units == ARBITRARY_UNITS and row.modality in (None, "CT"):
        known = "they do not look like Hounsfield units"
        if row.modality is None:
            known = "nothing says that they are CT numbers. If they are, say so (in a terminal, --modality CT)"
        message = f"Intensities of {case.volume.name} are taken to be in arbitrary units: {known}."
        collector.warning("arbitrary_units", message)
    return MeasuredCase(row, warnings=tuple(collector.warnings))


def _shown_reason(text: str, case: ManifestCase) -> str:
    first = text.splitlines()[0].rstrip(" :")  # what follows lists series and their descriptions
    files = {"the volume": case.volume, "the mask": case.ground_truth, "the region": case.region}
    return without_identifiers(first, files)


def _one_by_one(
    cases: Sequence[ManifestCase], how: Measuring, workers: int, reporter: Reporter
) -> Generator[tuple[int, MeasuredCase]]:
    reporter.check_cancelled()
    for index, case in enumerate(cases):
        yield index, measure_case(case, how)


def _in_workers(
    cases: Sequence[ManifestCase], how: Measuring, workers: int, reporter: Reporter
) -> Generator[tuple[int, MeasuredCase]]:
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")  # forked, threads of numpy and ITK may wait for ever
    running: dict[Future[MeasuredCase], int] = {}
    waiting = iter(enumerate(cases))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    try:
        while True:
            while len(running) < workers and (entry := next(waiting, None)) is not None:
                with _interrupts_held():
                    future = pool.submit(measure_case, entry[1], how)  # starts a process where fewer are running
                running[future] = entry[0]
            if not running:
                break
            done, _ = wait(running, timeout=_PATIENCE_S, return_when=FIRST_COMPLETED)
            reporter.check_cancelled()
            for future in done:
                yield running.pop(future), future.result()
        pool.shutdown()
    except BrokenProcessPool as error:
        names = ", ".join(cases[index].case for index in sorted(running.values()))
        raise MemoryExhaustedError(
            f"A worker process was ended by the system while it measured one of {names}: most likely memory ran out.",
            "Use fewer workers.",
        ) from error
    finally:
        for process in set(multiprocessing.active_children()) - others:  # none are left unless this is cut short
            process.terminate()
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits, and processes started meanwhile never hear of it: while they import, it would leave tracebacks."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    """In a worker: Ctrl-C is its launcher's business, and it ends with its launcher, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    launcher = multiprocessing.parent_process()
    if launcher is not None:
        threading.Thread(target=_end_with, args=(launcher,), daemon=True).start()


def _end_with(launcher: multiprocessing.process.BaseProcess) -> None:
    launcher.join()
    os._exit(1)
