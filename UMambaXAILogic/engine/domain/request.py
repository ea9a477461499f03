"""What is asked of the domain statistics of one case: a frozen dataclass that travels as JSON.

Only the standard library is used here, as in ``engine.request``.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..request import Region

#: ``kind`` of the JSON text, by which a worker tells requests apart.
KIND = "domain"
DOMAIN_REQUEST_VERSION = 1


@dataclass(frozen=True)
class DomainRequest:
    """Phase 1 of one case, alone or beside a reference profile.

    Args:
        volume: NIfTI, NRRD, MHA/MHD file, or a folder with a DICOM series.
        output: folder for ``domain.json`` and, with a profile, ``comparison.json``; created if missing.
        case: its name; None: the file's.
        mask: label file on the volume's grid; values > 0 are vessel.
        vessels_are: whose vessels the mask shows, ``ground_truth`` or ``prediction``.
        profile: reference profile to compare with; its settings are used then.
        region: intensities and diameters are limited to it.
        series_uid: which DICOM series of the folder, where it holds several.
        resample_mask: resample a mask that lies on another grid instead of refusing it.
        modality: such as ``CT``, for files that do not say; None: the profile's, where it has a single one.
    """

    volume: Path
    output: Path
    case: str | None = None
    mask: Path | None = None
    vessels_are: str = "ground_truth"
    profile: Path | None = None
    region: Region | None = None
    series_uid: str | None = None
    resample_mask: bool = False
    modality: str | None = None

    def __post_init__(self) -> None:
        for name in ("volume", "output", "mask", "profile"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, Path(value))
        if not isinstance(self.resample_mask, bool):
            raise UsageError(f"resample_mask is {self.resample_mask!r}, and neither True nor False.")
        if self.vessels_are not in ("ground_truth", "prediction"):
            raise UsageError(
                f"The mask is said to be {self.vessels_are!r}.", "Choose one of: ground_truth, prediction."
            )
        if self.region is not None and not isinstance(self.region, Region):
            raise UsageError(f"The region {self.region!r} is not a Region.")

    def to_json(self) -> str:
        """The request as JSON text; ``from_json`` gives it back."""
        body = {"kind": KIND, "version": DOMAIN_REQUEST_VERSION, **dataclasses.asdict(self)}
        return json.dumps(body, default=_path_to_text, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> DomainRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is not a domain request of this version.
        """
        try:
            body: dict[str, Any] = json.loads(text)
            kind, version = body.pop("kind", None), body.pop("version", None)
            if (kind, version) != (KIND, DOMAIN_REQUEST_VERSION):
                raise UsageError(
                    f"The request is of kind {kind!r}, version {version!r}; wanted is {KIND!r}, "
                    f"version {DOMAIN_REQUEST_VERSION}."
                )
            if body.get("region") is not None:
                mask, box = body["region"]["mask"], body["region"]["box_mm_ras"]
                body["region"] = Region(Path(mask) if mask else None, tuple(box) if box else None)
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise UsageError(f"The request cannot be read: {error}.") from error


def _path_to_text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not travel as JSON")
