"""What a model is, in words."""

from __future__ import annotations

from UMambaXAILogic.engine.model.facts import ModelFacts
from UMambaXAILogic.engine.model.reference import DEMO

from .words import Translate, untranslated

_LISTED_LABELS = 3


def model_title(facts: ModelFacts, _: Translate = untranslated) -> str:
    """A name for lists of models."""
    what = f"{architecture_name(facts, _)} {facts.configuration_name}"
    return f"{facts.dataset_name}, {what}" if facts.dataset_name else what


def architecture_name(facts: ModelFacts, _: Translate = untranslated) -> str:
    """What the network is called in texts."""
    name = {
        "UMambaBot": "U-Mamba Bot",
        "UMambaEnc": "U-Mamba Enc",
        "PlainConvUNet": "U-Net",
        "ResidualEncoderUNet": _("Residual encoder U-Net"),
    }[facts.architecture]
    return _("{name} (before March 2024)").format(name=name) if facts.is_legacy else name


def model_line(reference: str, facts: ModelFacts, _: Translate = untranslated) -> str:
    """The model in a line or two."""
    names = [label.name for label in facts.labels]
    listed = ", ".join(names[:_LISTED_LABELS])
    if len(names) > _LISTED_LABELS:
        listed = _("{count} labels ({names} ...)").format(count=len(names), names=listed)
    spacing = " x ".join(f"{one:.3g}" for one in facts.spacing_mm)
    line = _("{network}, {dimension}-D. Segments {labels}. Trained on {channel} at {spacing} mm").format(
        network=architecture_name(facts, _),
        dimension=facts.dimension,
        labels=listed,
        channel=facts.channel,
        spacing=spacing,
    )
    if len(facts.default_folds) > 1:
        line += ", " + _("averages {count} folds").format(count=len(facts.default_folds))
    line += "."
    if reference == DEMO:
        line += " " + _("It knows computer-made phantoms only.")
    return line


def model_details(facts: ModelFacts, _: Translate = untranslated) -> str:
    """Everything that is known of the model, a line each."""
    values = ", ".join(f"{label.name} = {'+'.join(map(str, label.values))}" for label in facts.labels)
    lines = [
        _("Trainer: {name}").format(name=facts.trainer_name),
        _("Labels: {labels}").format(labels=values),
        _("Window: {size} voxels").format(size=" x ".join(map(str, facts.patch_size))),
        _("Trained folds: {folds}").format(folds=", ".join(map(str, facts.folds))),
        _("It carries the domain statistics of its training cases: every run is compared with them.")
        if facts.has_profile
        else _("It carries no domain statistics of its training cases to compare with."),
    ]
    return "\n".join(lines)
