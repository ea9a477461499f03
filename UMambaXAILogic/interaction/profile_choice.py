"""Whether what the user chose can be a reference profile at all: a glance, before the worker reads it."""

from __future__ import annotations

from pathlib import Path

from .panel.words import Translate, untranslated


def problem_with_profile(profile: str, _: Translate = untranslated) -> str:
    """Why ``profile`` cannot be used, or an empty text where nothing speaks against it yet.

    Args:
        profile: path of a stored profile; empty is no problem: the model's own is used, where it carries one.
    """
    if not profile:
        return ""
    path = Path(profile)
    if not path.exists():
        text = _("There is no profile at {path}. Choose one, or empty that field to compare with the model's own.")
        return text.format(path=profile)
    if not path.is_file():
        return _("{name} is a folder. Choose the profile in it (a .json file).").format(name=path.name)
    return ""
