"""What the panel's result part shows and allows."""

from __future__ import annotations

from dataclasses import dataclass

from .words import Translate, untranslated


@dataclass(frozen=True)
class ResultFacts:
    """What there is to show.

    Args:
        has_result: a result is in the scene.
        has_attention: with an attention map.
        has_truth: with a ground truth.
        layers: ``mean``, and the layers that have a map of their own.
        layer: the one that is shown.
        in_layout: the result's own layout is shown.
    """

    has_result: bool = False
    has_attention: bool = False
    has_truth: bool = False
    layers: tuple[str, ...] = ("mean",)
    layer: str = "mean"
    in_layout: bool = False


@dataclass(frozen=True)
class ResultUi:
    """What each control shows and allows."""

    result_enabled: bool
    attention_enabled: bool
    truth_enabled: bool
    layers_enabled: bool
    layers: tuple[str, ...]
    layer: str
    hint: str
    layout_checked: bool
    layout_text: str


def result_ui(facts: ResultFacts, _: Translate = untranslated) -> ResultUi:
    """What the part shows for what there is."""
    return ResultUi(
        result_enabled=facts.has_result,
        attention_enabled=facts.has_attention,
        truth_enabled=facts.has_truth,
        layers_enabled=len(facts.layers) > 1,
        layers=facts.layers,
        layer=facts.layer,
        hint=_hint(facts, _),
        layout_checked=facts.in_layout,
        layout_text=_("Back to my layout") if facts.in_layout else _("Result layout"),
    )


def _hint(facts: ResultFacts, _: Translate) -> str:
    """Why some of the controls are off; empty where none is."""
    if not facts.has_result:
        return _("There is no result yet: run Segment & Explain first.")
    if not facts.has_attention:
        return _("There is no attention map: nothing was explained.")
    if not facts.has_truth:
        return _("Run with a ground truth to compare with it here.")
    return ""
