"""What is asked of a cohort run: a frozen dataclass that travels as JSON.

Only the standard library is used here, as in ``engine.request``.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..request import Region, Request

if TYPE_CHECKING:
    from .manifest import ManifestCase

#: ``kind`` of the JSON text, by which a worker tells requests apart.
KIND = "cohort"
COHORT_REQUEST_VERSION = 1
CASES_FOLDER = "cases"
#: How often a case may be begun in one run when the process that computes it keeps dying.
MAX_STARTS = 2


@dataclass(frozen=True)
class CohortRequest:
    """Many cases with the same settings.

    Args:
        manifest: CSV with the columns case, volume and, if wanted, gt, domain, region, series.
        output: folder for the results; created if missing. A run that was stopped goes on where it was.
        template: settings of every case. Its volume, ground truth, case and series are not used: they come from the
            manifest (to explain tp, fp or fn voxels a template needs some ground truth all the same; give the
            manifest's path). Its region holds for cases whose row has none.
        workers: processes that compute; None: as many as devices, cores and memory allow. Not for ``scheduler``.
        threads: CPU threads of one case; None: the cores shared out among the workers of a machine.
        scheduler: address of a Dask scheduler that is there already, such as ``tcp://host:8786``, or the path of its
            scheduler file; None: this machine.
        restart: cases that were computed with other settings are computed again instead of refused.
    """

    manifest: Path
    output: Path
    template: Request
    workers: int | None = None
    threads: int | None = None
    scheduler: str | None = None
    restart: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "manifest", Path(self.manifest))
        object.__setattr__(self, "output", Path(self.output))
        if not isinstance(self.template, Request):
            raise UsageError(f"The template {self.template!r} is not a Request.")
        for name in ("workers", "threads"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise UsageError(f"The number of {name} {value!r} is not a whole number of at least 1.")
        if self.scheduler is not None and not (isinstance(self.scheduler, str) and self.scheduler.strip()):
            raise UsageError(
                f"The scheduler {self.scheduler!r} is not an address.", "Give one such as tcp://host:8786."
            )
        if self.scheduler is not None and self.workers is not None:
            raise UsageError(
                f"{self.workers} workers were asked for, and a cluster that has its own ({self.scheduler}).",
                "Leave one of the two out; how many workers a cluster has is decided where it is started.",
            )
        if not isinstance(self.restart, bool):
            raise UsageError(f"restart is {self.restart!r}, and neither True nor False.")

    def case_folder(self, case: str) -> Path:
        """Where the results of a case lie."""
        return self.output / CASES_FOLDER / case

    def for_case(self, case: ManifestCase) -> Request:
        """The request for one row of the manifest; its paths are absolute, for a worker may stand elsewhere.

        Raises:
            UsageError: tp, fp or fn voxels are to be explained, and the row names no ground truth.
        """
        region = self.template.region if case.region is None else Region(mask=case.region)
        if region is not None and region.mask is not None:
            region = Region(mask=region.mask.absolute())
        return dataclasses.replace(
            self.template,
            volume=case.volume.absolute(),
            output=self.case_folder(case.case).absolute(),
            case=case.case,
            ground_truth=None if case.ground_truth is None else case.ground_truth.absolute(),
            region=region,
            series_uid=case.series_uid,
        )

    def to_json(self) -> str:
        """The request as JSON text; ``from_json`` gives it back."""
        body = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        body |= {"manifest": str(self.manifest), "output": str(self.output)}
        body["template"] = json.loads(self.template.to_json())
        return json.dumps({"kind": KIND, "version": COHORT_REQUEST_VERSION, **body}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> CohortRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is not a cohort request of this version.
        """
        try:
            body: dict[str, Any] = json.loads(text)
            kind, version = body.pop("kind", None), body.pop("version", None)
            if (kind, version) != (KIND, COHORT_REQUEST_VERSION):
                raise UsageError(
                    f"The request is of kind {kind!r}, version {version!r}; wanted is {KIND!r}, "
                    f"version {COHORT_REQUEST_VERSION}."
                )
            body["template"] = Request.from_json(json.dumps(body["template"]))
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise UsageError(f"The request cannot be read: {error}.") from error


@dataclass(frozen=True)
class CohortResult:
    """What a cohort run left behind.

    Args:
        folder: the cohort's folder.
        files: ``cases``, ``alignment``, ``slices`` (Parquet), ``profile`` (None without a finished case), ``summary``.
        done, failed: cases with results, and without.
        failures: of each failed case ``case``, ``attempts``, ``code``, ``reason``.
        summary: the contents of summary.json.
    """

    folder: Path
    files: dict[str, Path | None]
    done: int
    failed: int
    failures: tuple[dict[str, Any], ...]
    summary: dict[str, Any]
