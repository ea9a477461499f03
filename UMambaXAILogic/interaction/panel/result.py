"""What the panel's result part shows and allows."""

from __future__ import annotations

from dataclasses import dataclass

from .numbers import ResultNumbers
from .numbers_html import numbers_html
from .words import Translate, told_apart, untranslated


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
        results: id and name of each result in the scene, the latest last.
        chosen: id of the one that the part is about.
        is_preparing: what was asked for is being computed.
        note: what a button did last, empty where there is nothing to say.
        numbers: of the result; None where its metrics are gone.
        dicom_obstacle: why the result cannot be written as DICOM, empty where nothing is known against it.
    """

    has_result: bool = False
    has_attention: bool = False
    has_truth: bool = False
    layers: tuple[str, ...] = ("mean",)
    layer: str = "mean"
    in_layout: bool = False
    results: tuple[tuple[str, str], ...] = ()
    chosen: str = ""
    is_preparing: bool = False
    note: str = ""
    numbers: ResultNumbers | None = None
    dicom_obstacle: str = ""


@dataclass(frozen=True)
class ResultUi:
    """What each control shows and allows; an index is -1 where nothing of the list is chosen."""

    result_enabled: bool
    dicom_enabled: bool
    dicom_tooltip: str
    attention_enabled: bool
    truth_enabled: bool
    layers_enabled: bool
    layers: tuple[str, ...]
    layer_index: int
    hint: str
    layout_checked: bool
    layout_text: str
    result_ids: tuple[str, ...]
    result_names: tuple[str, ...]
    result_index: int
    numbers: str
    warnings: str


def result_ui(facts: ResultFacts, _: Translate = untranslated) -> ResultUi:
    """What the part shows for what there is."""
    ids = tuple(result_id for result_id, _name in facts.results)
    return ResultUi(
        result_enabled=facts.has_result,
        dicom_enabled=facts.has_result and not facts.dicom_obstacle,
        dicom_tooltip=_dicom_tooltip(facts, _),
        attention_enabled=facts.has_attention,
        truth_enabled=facts.has_truth,
        layers_enabled=len(facts.layers) > 1,
        layers=facts.layers,
        layer_index=facts.layers.index(facts.layer) if facts.layer in facts.layers else -1,
        hint=_hint(facts, _),
        layout_checked=facts.in_layout,
        layout_text=_("Back to my layout") if facts.in_layout else _("Result layout"),
        result_ids=ids,
        result_names=told_apart([name for _id, name in facts.results]),
        result_index=ids.index(facts.chosen) if facts.chosen in ids else -1,
        numbers="" if facts.numbers is None else numbers_html(facts.numbers, _),
        warnings="" if facts.numbers is None else "\n".join(f"\u2022 {text}" for text in facts.numbers.warnings),
    )


def dicom_obstacle(is_from_dicom: bool, volume_name: str, _: Translate = untranslated) -> str:
    """Why a result on a volume cannot be written as DICOM, empty where nothing is known against it."""
    if is_from_dicom:
        return ""
    return _(
        "{name} was not loaded from DICOM: there is no series that the DICOM objects could refer to. Import the series "
        "in the DICOM module, load it from there, and run on that."
    ).format(name=volume_name)


def _dicom_tooltip(facts: ResultFacts, _: Translate) -> str:
    return facts.dicom_obstacle or _(
        "Writes the attention map as DICOM Parametric Map and the prediction as DICOM Segmentation into a folder you "
        "choose. Both belong to the study of the series and name its patient: they are as private as the series."
    )


def _hint(facts: ResultFacts, _: Translate) -> str:
    """What goes on, what was done, or why some of the controls are off; empty where there is nothing to say."""
    if not facts.has_result:
        return _("There is no result yet: run Segment & Explain first.")
    if facts.is_preparing:
        return _("Preparing the view...")
    if facts.note:
        return facts.note
    if not facts.has_attention:
        return _("There is no attention map: nothing was explained.")
    if not facts.has_truth:
        return _("Run with a ground truth to compare with it here.")
    return ""
