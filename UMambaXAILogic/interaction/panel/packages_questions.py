"""What is asked before the packages are changed, and what is said afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..protocol import Device
from .packages import size_in_words
from .words import Translate, untranslated


@dataclass(frozen=True)
class Offer:
    """An installation or update before it is made.

    Args:
        packages: version of each, by name; empty where nobody knows which they are.
        downloads: bytes of each that is fetched, by name; under the empty name where only the sum is known.
        installed_bytes: on disk.
        needed_bytes: free space while installing.
        free_bytes: free space there is.
        is_exact: nothing of it is an estimate.
        build: of PyTorch, as people call it.
        reason: why that build, as a sentence.
        folder: where it goes.
        wheels: folder that it is installed from; empty: from the internet.
        changes: what an update changes; None: an installation.
    """

    packages: Mapping[str, str]
    downloads: Mapping[str, int]
    installed_bytes: int
    needed_bytes: int
    free_bytes: int
    is_exact: bool
    build: str
    reason: str
    folder: str
    wheels: str = ""
    changes: tuple[str, ...] | None = None


def offer_question(offer: Offer, _: Translate = untranslated) -> str:
    """Everything that somebody needs to know to say yes or no."""
    return "\n\n".join(
        (
            _contents(offer, _),
            "\n".join((_build(offer, _), _size(offer, _), _("Folder: {folder}").format(folder=offer.folder))),
            _promise(offer, _),
        )
    )


def offer_details(offer: Offer) -> str:
    """Every package that is fetched with its version and size, the largest first."""
    names = sorted(offer.packages.keys() & offer.downloads.keys(), key=lambda name: -offer.downloads[name])
    return "\n".join(f"{name} {offer.packages[name]}: {size_in_words(offer.downloads[name])}" for name in names)


def repair_question(folder: str, _: Translate = untranslated) -> str:
    """Before a repair."""
    return _(
        "Compare every file in\n\n{folder}\n\nwith its checksum and install again what is damaged? What is there now "
        "stays until the new packages are verified. This takes some minutes and can be cancelled."
    ).format(folder=folder)


def delete_question(folder: str, size_bytes: int, _: Translate = untranslated) -> str:
    """Before everything is deleted."""
    size = size_in_words(size_bytes) if size_bytes else _("size unknown")
    return _(
        "Delete the packages in\n\n{folder}\n\n({size})? Models, results and Slicer's own Python stay. The next run "
        "would ask to install them again."
    ).format(folder=folder, size=size)


def outcome(versions: Mapping[str, str], device: Device | None, _: Translate = untranslated) -> str:
    """What an action has achieved: the versions that work now, or that there are none."""
    if not versions:
        return _("The packages are deleted.")
    found = ", ".join(f"{name} {version}".rstrip() for name, version in versions.items())
    text = _("The packages work: {found}.").format(found=found)
    if device is not None:
        text += " " + _("Computes on {device}. {reason}").format(device=device.device, reason=device.reason)
    return text


def _contents(offer: Offer, _: Translate) -> str:
    if not offer.packages:
        return _("UMambaXAI computes with PyTorch, nnU-Net and what they need.")
    return _("UMambaXAI computes with PyTorch {torch}, nnU-Net {nnunet} and {more} more Python packages.").format(
        torch=offer.packages.get("torch", ""), nnunet=offer.packages.get("nnunetv2", ""), more=len(offer.packages) - 2
    )


def _build(offer: Offer, _: Translate) -> str:
    return _("Build: {build}. {reason}").format(build=offer.build, reason=offer.reason)


def _size(offer: Offer, _: Translate) -> str:
    sizes = {
        "download": size_in_words(sum(offer.downloads.values())),
        "installed": size_in_words(offer.installed_bytes),
        "needed": size_in_words(offer.needed_bytes),
        "free": size_in_words(offer.free_bytes),
        "wheels": offer.wheels,
    }
    if offer.wheels:
        text = _("Size: {installed} on disk, from the wheels in {wheels}; {free} are free.")
    elif offer.is_exact:
        text = _("Size: {download} to download, {installed} on disk; takes {needed} while installing, {free} are free.")
    else:
        text = _(
            "Size: about {download} to download, about {installed} on disk; takes about {needed} while installing, "
            "{free} are free."
        )
    return text.format(**sizes)


def _promise(offer: Offer, _: Translate) -> str:
    own = _("They go into that folder of their own, and Slicer's own Python stays as it is.")
    time = _("This takes some minutes and can be cancelled.")
    if offer.changes is None:
        return f"{own} {time} " + _("Install now?")
    kept = _("What has not changed is kept, and not downloaded again.") if offer.is_exact else ""
    changes = _("Changes: {changes}.").format(changes=", ".join(offer.changes)) if offer.changes else ""
    return " ".join(filter(None, (changes, kept, own, time, _("Update now?"))))
