"""What every exported object says of where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ..badges.words import badge_texts, sanity_word
from .source_series import SourceSeries

MANUFACTURER = "UMambaXAI"
RESEARCH_USE = "research use only"
#: Longest texts of DICOM's types LO and ST.
_LONG_STRING, _SHORT_TEXT = 64, 1024


@dataclass(frozen=True)
class Provenance:
    """Equipment, texts and marks, in the words of DICOM's modules.

    Args:
        software_versions: each at most 64 characters.
        device_serial_number: SHA-256 of the model: what tells one trained network from another.
        derivation: how the object was made, with the map's badges, at most 1024 characters.
        sanity: ``passed``, ``failed``, ``not known`` or ``not judged``; empty where no map is judged.
        is_phantom: no patient is shown.
        creator_version: version of the package that computed the result.
        target: name of the explained label.
        model: entries of metrics.json's ``model``.
    """

    software_versions: tuple[str, ...]
    device_serial_number: str
    derivation: str
    sanity: str
    is_phantom: bool
    creator_version: str
    target: str
    model: dict[str, Any]

    def marked(self, title: str) -> str:
        """A description of the object, with what must not be overlooked; at most 64 characters."""
        return plain_text(f"{'PHANTOM ' if self.is_phantom else ''}{title}, {RESEARCH_USE}")

    def equipment(self) -> dict[str, Any]:
        """Arguments that all of highdicom's objects take."""
        return {
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": MANUFACTURER,
            "software_versions": list(self.software_versions),
            "device_serial_number": self.device_serial_number,
        }


def provenance(metrics: dict[str, Any], source: SourceSeries) -> Provenance:
    """Gather it from a result.

    Args:
        metrics: contents of metrics.json.
        source: the series it is about.
    """
    model, target, attribution = metrics["model"], metrics["target"], metrics.get("attribution") or {}
    environment = metrics["environment"]
    is_phantom = bool(metrics.get("phantom")) or source.is_phantom
    sanity = sanity_word(metrics)
    part = f", one {target['part']['unit']}" if target.get("part") else ""
    words = [
        f"{MANUFACTURER} {environment['package']}, {RESEARCH_USE}",
        *(["PHANTOM: synthetic, not a patient"] if is_phantom else []),
        f"target {target['name']} ({target['kind']}{part}, score {target['score'] or 'none'})",
        f"method {attribution.get('method', 'none')}, preset {attribution.get('preset') or 'none'}",
        f"model {model['architecture']} {model['configuration']}, sha256 {model['sha256']}",
        *([f"sanity gate {sanity}"] if sanity else []),
        *(f"{badge.title}: {badge.state}" for badge in badge_texts(metrics.get("badges") or ())),
    ]
    packages = (f"{MANUFACTURER} {environment['package']}", f"torch {environment['torch']}")
    return Provenance(
        software_versions=(*map(plain_text, packages), plain_text(f"highdicom {version('highdicom')}")),
        device_serial_number=plain_text(model["sha256"]),
        derivation=plain_text("; ".join(words), _SHORT_TEXT),
        sanity=sanity,
        is_phantom=is_phantom,
        creator_version=plain_text(environment["package"]),
        target=target["name"],
        model=model,
    )


def plain_text(text: Any, longest: int = _LONG_STRING) -> str:
    """``text`` in characters that every DICOM character set has, without the one that separates values."""
    return str(text).encode("ascii", "replace").decode().replace("\\", "/")[:longest].strip()
