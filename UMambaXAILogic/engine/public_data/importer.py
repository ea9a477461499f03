"""A released data set -> nnU-Net raw data set, evaluation regions, manifest and report. The whole story on one page."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..cohort.manifest import read_manifest
from ..errors import InputError, UsageError
from ..grids import orientation_code
from ..progress import Reporter
from ..volume_io import write_volume
from .import_report import REPORT_NAME, write_report
from .import_state import ImportState, locked
from .nnunet_raw import FILE_ENDING, RawDataSet, link_or_copy
from .sample import Candidate, DataSet, LeaveOut, LeftOut, Sample
from .settings import ImportSettings

MANIFEST, HELD_OUT_MANIFEST, REGIONS = "manifest.csv", "manifest_held_out.csv", "regions"
#: Labels and regions are mostly zeros; with folders and records they stay below this a case.
_SMALL_FILES_BYTES = 2_000_000


@dataclass(frozen=True)
class ImportResult:
    """What an import left behind.

    Args:
        manifest: every case that was taken.
        held_out_manifest: those kept out of training; None where none was asked for, or none fell among them.
        raw_folder: nnU-Net's data set.
        report: import.json.
        content: its contents.
    """

    manifest: Path
    held_out_manifest: Path | None
    raw_folder: Path
    report: Path
    content: dict[str, Any]


def import_data_set(data_set: DataSet, settings: ImportSettings, reporter: Reporter | None = None) -> ImportResult:
    """Import every case that can be taken, and say of every other one why it was not.

    A case is written completely before it counts; a run that was cancelled or killed is continued by running it
    again, and cases whose files have not changed are not read again. Manifests, dataset.json and the report are
    written at the end, each complete or not at all.

    Args:
        data_set: as found.
        settings: chosen by the user.
        reporter: told of progress after each case; may cancel between cases.

    Raises:
        UsageError: the output folder cannot be used, or its disk is too small.
        InputError: no case can be taken; the report is there.
        CancelledError: the reporter asked to stop.
    """
    reporter = reporter or Reporter()
    output = settings.output
    if output.absolute() == data_set.root.absolute() or data_set.root.absolute() in output.absolute().parents:
        raise UsageError(
            f"The output folder {output} lies inside the release {data_set.root}.", "Choose a folder outside it."
        )
    with locked(output):
        state = ImportState(output)
        state.begin({"data_set": data_set.title, **data_set.choices, **settings.to_json()})
        raw = RawDataSet(output, settings.dataset_id, data_set.raw_name)
        _remove_parts(raw)
        writer = _CaseWriter(data_set, settings, state, raw)
        _check_space(output, [one for one in data_set.candidates if not state.finished(one.case, one.sources)])
        taken, left_out = [], list(data_set.left_out)
        for number, candidate in enumerate(data_set.candidates, start=1):
            reporter.check_cancelled()
            found = writer.take(candidate)
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                taken.append(found)
            reporter.progress(number / len(data_set.candidates))
        content = write_report(output / REPORT_NAME, data_set, settings, taken, left_out)
        held_out = [entry for entry in taken if entry["held_out"]]
        _write_manifest(output / HELD_OUT_MANIFEST, held_out, data_set.domain)
        _write_manifest(output / MANIFEST, taken, data_set.domain)
        state.forget_others({entry["case"] for entry in taken})
        if not taken:
            raise _nothing_taken(data_set, content, output)
        raw.make_folders()
        labels = data_set.labels.written_names(settings.labels)
        training = len(taken) - len(held_out)
        raw.write_dataset_json(labels, training, data_set.title, data_set.reference, data_set.licence)
        return ImportResult(
            manifest=output / MANIFEST,
            held_out_manifest=output / HELD_OUT_MANIFEST if held_out else None,
            raw_folder=raw.folder,
            report=output / REPORT_NAME,
            content=content,
        )


class _CaseWriter:
    """Reads, checks and writes one case at a time."""

    def __init__(self, data_set: DataSet, settings: ImportSettings, state: ImportState, raw: RawDataSet) -> None:
        self._data_set = data_set
        self._settings = settings
        self._state = state
        self._raw = raw

    def take(self, candidate: Candidate) -> dict[str, Any] | LeftOut:
        """The report's entry of a case, or why it was left out."""
        finished = self._state.finished(candidate.case, candidate.sources)
        if finished is not None:
            return finished
        try:
            sample = self._data_set.read(candidate)
        except LeaveOut as reason:
            return self._left_out(candidate.case, reason.code, reason.reason)
        except InputError as error:
            return self._left_out(candidate.case, "unreadable", error.message)
        try:
            return self._write(candidate, sample)
        except OSError as error:
            raise UsageError(
                f"{error.filename or self._settings.output} cannot be written: {error.strerror or error}.",
                "Make room, or choose another folder; what is done so far is kept.",
            ) from error

    def _files(self, case: str) -> tuple[Path, Path, Path]:
        """Where image, labels and region of a case go."""
        held_out = self._settings.is_held_out(case)
        region = self._settings.output / REGIONS / f"{case}{FILE_ENDING}"
        return self._raw.image(case, held_out), self._raw.label(case, held_out), region

    def _left_out(self, case: str, code: str, reason: str) -> LeftOut:
        """A case that an earlier import may have begun: nnU-Net must not find half of it."""
        for path in self._files(case):
            path.unlink(missing_ok=True)
        return LeftOut(case, code, self._data_set.public_text(reason))

    def _write(self, candidate: Candidate, sample: Sample) -> dict[str, Any]:
        case = candidate.case
        image, label, region = self._files(case)
        for path in (image, label, region):
            path.parent.mkdir(parents=True, exist_ok=True)
        if sample.original is None:
            write_volume(sample.volume.array, image, like=sample.volume)
            stored = "converted"
        else:
            stored = link_or_copy(sample.original, image)
        written = self._data_set.labels.written(sample.labels, self._settings.labels)
        write_volume(written, label, like=sample.volume)
        write_volume(sample.region.mask(sample.labels.shape), region, like=sample.volume)
        names = [path.relative_to(self._settings.output).as_posix() for path in (image, label, region)]
        entry = {
            "case": case,
            "held_out": self._settings.is_held_out(case),
            "image": names[0],
            "label": names[1],
            "region": names[2],
            "stored": stored,
            "size": list(sample.volume.geometry.size),
            "spacing_mm": [round(spacing, 6) for spacing in sample.volume.geometry.spacing_mm],
            "orientation": orientation_code(sample.volume.geometry),
            "label_voxels": _counts(sample, self._data_set),
            "region_voxels": sample.region.to_json(),
            **sample.facts,
            "warnings": [
                {"code": code, "message": self._data_set.public_text(message)} for code, message in sample.warnings
            ],
        }
        self._state.finish(case, candidate.sources, names, entry)
        return entry


def _counts(sample: Sample, data_set: DataSet) -> dict[str, int]:
    values = sample.labels[sample.labels > 0]
    return {
        name: int((values == value).sum()) for value, name in data_set.labels.names.items() if (values == value).any()
    }


def _check_space(output: Path, todo: Sequence[Candidate]) -> None:
    needed = sum(candidate.image_bytes + _SMALL_FILES_BYTES for candidate in todo)
    free = shutil.disk_usage(output).free
    if needed > free:
        raise UsageError(
            f"The {len(todo)} cases to import need about {needed / 1e9:.3g} GB in {output}, where {free / 1e9:.3g} GB "
            "are free.",
            "Make room, or choose a folder on another disk.",
        )


def _remove_parts(raw: RawDataSet) -> None:
    """Delete what a killed run left under temporary names."""
    for folder in (raw.output, raw.output / REGIONS, raw.folder, *raw.folder.glob("*")):
        for path in folder.glob(".*.part"):
            path.unlink(missing_ok=True)


def _nothing_taken(data_set: DataSet, content: dict[str, Any], output: Path) -> InputError:
    codes = ", ".join(f"{count} {code}" for code, count in content["counts"]["left_out"].items())
    return InputError(
        f"None of the {content['counts']['found']} cases in {data_set.root} can be taken ({codes or 'none found'}).",
        f"The reasons are in {output / REPORT_NAME}.",
    )


def _write_manifest(path: Path, entries: Sequence[dict[str, Any]], domain: str) -> None:
    """Write a manifest, or see to it that there is none where there are no cases."""
    if not entries:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("case", "volume", "gt", "domain", "region"))
    writer.writerows((entry["case"], entry["image"], entry["label"], domain, entry["region"]) for entry in entries)
    write_text(path, text.getvalue())
    read_manifest(path)  # what is handed over is what `cohort` accepts
