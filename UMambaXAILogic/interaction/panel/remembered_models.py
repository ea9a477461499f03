"""The models that were used before, and the list in which one is chosen."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from UMambaXAILogic.engine.model.reference import DEMO

from .option import Option
from .words import Translate, untranslated

#: More are forgotten, the longest unused first.
MOST_REMEMBERED = 10
#: In place of a model: choose one in a dialog.
CHOOSE_FOLDER, CHOOSE_ARCHIVE = "choose folder", "choose archive"


@dataclass(frozen=True)
class RememberedModel:
    """A model on disk.

    Args:
        path: of its folder or zip.
        title: what it is, as it was when it was last looked at.
    """

    path: str
    title: str


def remembered(models: Sequence[RememberedModel], path: str, title: str) -> tuple[RememberedModel, ...]:
    """The list after a model was used: it comes first, once."""
    others = [model for model in models if os.path.normpath(model.path) != os.path.normpath(path)]
    return (RememberedModel(path, title), *others)[:MOST_REMEMBERED]


def to_text(models: Sequence[RememberedModel]) -> str:
    """The list as text, for the application's settings; ``from_text`` gives it back."""
    return json.dumps([asdict(model) for model in models])


def from_text(text: str) -> tuple[RememberedModel, ...]:
    """Read ``to_text``'s text; what is not such a text is an empty list."""
    try:
        return tuple(RememberedModel(str(entry["path"]), str(entry["title"])) for entry in json.loads(text))
    except (ValueError, TypeError, KeyError):
        return ()


def model_entries(
    current: str, models: Sequence[RememberedModel], missing: Collection[str], _: Translate = untranslated
) -> tuple[Option, ...]:
    """What there is to choose from: the demo model, those used before, and two ways to look for another.

    Args:
        current: the chosen model, which is in the list even where it was never used.
        models: used before, the latest first.
        missing: paths where there is nothing any more.

    Returns:
        Keys are ``"demo"``, paths, ``CHOOSE_FOLDER`` and ``CHOOSE_ARCHIVE``.
    """
    listed = list(models)
    if current not in ("", DEMO) and current not in [model.path for model in listed]:
        listed.insert(0, RememberedModel(current, os.path.basename(os.path.normpath(current))))
    entries = [Option(DEMO, _("Demo model (phantom vessels)"), _("The model that comes with this extension."))]
    for model in listed:
        text = _told_apart(model, [other for other in listed if other is not model and other.title == model.title])
        if model.path in missing:
            text += " " + _("(missing)")
        entries.append(Option(model.path, text, model.path))
    entries.append(Option(CHOOSE_FOLDER, _("Folder..."), _("Choose a folder that nnU-Net trained.")))
    entries.append(Option(CHOOSE_ARCHIVE, _("Zip..."), _("Choose a zip that nnUNetv2_export_model_to_zip wrote.")))
    return tuple(entries)


def _told_apart(model: RememberedModel, namesakes: Sequence[RememberedModel]) -> str:
    """Its title, with as much of its path as tells it from models of the same title."""
    if not namesakes:
        return model.title
    path = os.path.normpath(model.path)
    for part in (os.path.basename, lambda one: os.path.basename(os.path.dirname(one))):
        if all(part(os.path.normpath(other.path)) != part(path) for other in namesakes):
            return f"{model.title} ({part(path)})"
    return f"{model.title} ({path})"
