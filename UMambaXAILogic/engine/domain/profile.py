"""A reference profile: a cohort's rows in one small file, to compare with when its volumes are no longer at hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import UMambaXAILogic

from ..atomic import write_text
from ..errors import InputError, UsageError
from .bins import HOUNSFIELD, SIGNED_OCTAVES
from .row import HOUNSFIELD_UNITS, DomainRow
from .row import SCHEMA_VERSION as ROW_SCHEMA_VERSION
from .row_check import contradictions, field_problems
from .settings import DomainSettings

KIND = "umamba-xai reference profile"
SCHEMA_VERSION = 1
#: Of a cohort's result folder, and what ``profile`` writes unless told otherwise.
PROFILE_NAME = "profile.json"


@dataclass(frozen=True)
class Profile:
    """The domain statistics of a cohort, one row a case.

    Args:
        name: of the cohort, for people.
        settings: that all rows were made with.
        rows: at least one; no two of the same case.
        package: version that made it.

    Raises:
        InputError: no row, two rows of the same case, or a row that was made with other settings.
    """

    name: str
    settings: DomainSettings
    rows: tuple[DomainRow, ...]
    package: str = UMambaXAILogic.__version__

    def __post_init__(self) -> None:
        if not self.rows:
            raise InputError(f"The profile {self.name!r} has no case.", "Measure at least one.")
        twice = [case for case, count in Counter(row.case for row in self.rows).items() if count > 1]
        if twice:
            raise InputError(
                f"The profile {self.name!r} holds several rows of {', '.join(sorted(twice)[:10])}.",
                "Give every case a name of its own.",
            )
        for row in self.rows:
            _check_settings(row, self.settings)

    @property
    def is_phantom(self) -> bool:
        """Some of the cases were generated."""
        return any(row.phantom for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The contents of the profile's file."""
        return {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "package": self.package,
            "name": self.name,
            "phantom": self.is_phantom,
            "settings": settings_to_json(self.settings),
            "rows": [row.to_json() for row in self.rows],
        }

    @classmethod
    def from_json(cls, body: Any, where: str = "The profile") -> Profile:
        """Read ``to_json``'s result.

        Args:
            body: parsed JSON.
            where: begins the sentence of an error.

        Raises:
            InputError: it is no profile, of another schema version, damaged, or holds rows of other settings.
        """
        if not isinstance(body, Mapping) or body.get("kind") != KIND:
            raise InputError(
                f"{where} is not a reference profile.", "Name a file that 'umamba-xai profile' or 'cohort' wrote."
            )
        if body.get("schema_version") != SCHEMA_VERSION:
            raise InputError(
                f"{where} has schema version {body.get('schema_version')!r}; this package reads {SCHEMA_VERSION}.",
                "Make it again with this version, or install the version that made it "
                f"({body.get('package', 'unknown')}).",
            )
        try:
            rows = tuple(_row(row, number) for number, row in enumerate(body["rows"], 1))
            if not isinstance(body["name"], str):
                raise TypeError(f"name is {body['name']!r}")
            return cls(body["name"], _settings(body["settings"]), rows, str(body["package"]))
        except InputError as error:
            raise InputError(f"{where} cannot be used: {error.message}", error.remedy) from error
        except (KeyError, TypeError, ValueError, UsageError) as error:
            raise InputError(
                f"{where} is damaged: {type(error).__name__}: {error}.", "Make it again, or copy it again."
            ) from error


def write_profile(profile: Profile, path: Path) -> None:
    """Write a profile, a row a line; complete or not at all.

    Raises:
        OSError: the folder is missing, full or read-only.
    """
    body = profile.to_json()
    rows = ",\n".join(json.dumps(row, allow_nan=False) for row in body.pop("rows"))
    head = json.dumps(body, indent=1, allow_nan=False).removesuffix("\n}")
    write_text(path, f'{head},\n "rows": [\n{rows}\n]\n}}\n')


def read_profile(path: Path) -> Profile:
    """Read and check a profile.

    Raises:
        InputError: as ``Profile.from_json``, or the file cannot be read.
    """
    where = f"The profile {path}"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror or error}.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not text.", "Name a file that 'umamba-xai profile' wrote.") from error
    try:
        body = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InputError(f"{where} is no JSON: {error}.", "Make it again, or copy it again.") from error
    return Profile.from_json(body, where)


def merge_profiles(profiles: Sequence[Profile], name: str) -> Profile:
    """One profile of all cases. Cases of the same name but other figures get their profile's name before their own.

    Args:
        profiles: at least one, all made with the same settings.
        name: of the merged profile.

    Raises:
        InputError: other settings, or the same case (name and figures) in two of them.
    """
    first = profiles[0]
    for other in profiles[1:]:
        require_same_settings(first, other)
    names = _told_apart([profile.name for profile in profiles])
    counts = Counter(row.case for profile in profiles for row in profile.rows)
    seen: dict[str, list[DomainRow]] = {}
    rows = []
    for prefix, profile in zip(names, profiles, strict=True):
        for row in profile.rows:
            if any(row.to_json() == earlier.to_json() for earlier in seen.get(row.case, ())):
                raise InputError(
                    f"The case {row.case} is in two of the profiles, with the same figures.", "Merge it once."
                )
            seen.setdefault(row.case, []).append(row)
            rows.append(row if counts[row.case] == 1 else replace(row, case=f"{prefix}/{row.case}"))
    return Profile(name, first.settings, tuple(rows))


def _told_apart(names: Sequence[str]) -> list[str]:
    """Several of one name, such as those of folders called imagesTr, are numbered."""
    counts = Counter(names)
    return [name if counts[name] == 1 else f"{name} {place}" for place, name in enumerate(names, 1)]


def require_same_settings(first: Profile, second: Profile) -> None:
    """Rows of other settings cannot be compared or merged.

    Raises:
        InputError: the settings differ.
    """
    if first.settings != second.settings:
        raise InputError(
            f"The profiles {first.name!r} and {second.name!r} were made with other settings: "
            f"{settings_to_json(first.settings)} and {settings_to_json(second.settings)}.",
            "Make one of them again with the settings of the other.",
        )


def settings_to_json(settings: DomainSettings) -> dict[str, Any]:
    """The settings, for a JSON file."""
    return {"window_hu": list(settings.window_hu), "isotropic_mm": settings.isotropic_mm}


def _settings(body: Mapping[str, Any]) -> DomainSettings:
    low, high = body["window_hu"]
    return DomainSettings(window_hu=(low, high), isotropic_mm=body["isotropic_mm"])


def _check_settings(row: DomainRow, settings: DomainSettings) -> None:
    hounsfield = row.units == HOUNSFIELD_UNITS
    made_with: dict[str, tuple[object, object]] = {
        "intensity window": (row.intensity.window, settings.window_hu if hounsfield else None),
        "bins": (row.intensity.histogram.bins.name, (HOUNSFIELD if hounsfield else SIGNED_OCTAVES).name),
    }
    if row.morphology is not None:
        made_with["isotropic voxel size"] = (row.morphology.isotropic_mm, settings.isotropic_mm)
    for what, (found, wanted) in made_with.items():
        if found != wanted:
            raise InputError(
                f"The row of {row.case} was made with the {what} {found}, the others with {wanted}.",
                "Measure all cases with the same settings.",
            )


def _row(body: Any, number: int) -> DomainRow:
    if isinstance(body, Mapping) and body.get("schema_version") == ROW_SCHEMA_VERSION:
        _refuse(field_problems(body), number)
    try:
        row = DomainRow.from_json(body)
    except InputError as error:
        raise InputError(f"row {number}: {error.message}", error.remedy) from error
    _refuse(contradictions(row), number)
    return row


def _refuse(problems: Iterator[str], number: int) -> None:
    for problem in problems:
        raise InputError(f"row {number}: {problem}.", "Make the profile again, or copy it again.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
