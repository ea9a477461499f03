"""The page of one case: what was found in words, pictures, then every number."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from ..alignment.slices import slice_positions_mm
from ..alignment.verdict import NOT_AVAILABLE, VERDICT_TEXT
from ..atomic import replacing, write_text
from ..badges.words import sanity_word
from ..methods.settings import SETTINGS
from ..resources import resource_path
from .badge_strip import badge_strip
from .case_files import CaseFiles, read_case_files
from .chart import SliceChart, SliceValues, slice_values
from .document import PHANTOM_BADGE, document, picture_of, section
from .pictures import chart_png, slices_png
from .slice_stack import SliceStack, slice_stack
from .tables import category_table, definitions, excess_table, joint_table, layer_table, threshold_table
from .vessel_section import vessel_section
from .viewer import viewer
from .words import PLAIN, TONE, mean_row, number, sentences, whole

PAGE_NAME = "index.html"

#: What the pictures show that ``UMambaXAILogic.scene.pictures`` draws.
_VIEW_WORDS = {
    "view_3d": "The predicted vessels, coloured by attention, and true vessels that were missed.",
    "view_3d_errors": "Where prediction and ground truth agree and differ.",
    "view_slices": "Attention in three planes.",
}


def build_case_page(
    folder: Path,
    volume: Path | None = None,
    ground_truth: Path | None = None,
    ground_truth_labels: tuple[int, ...] | None = None,
    series_uid: str | None = None,
) -> Path:
    """Write ``slices.png``, ``chart.png`` and ``index.html`` into a case folder.

    The page holds everything it shows, needs no network, and stays under about 10 MB. Pictures that lie in the
    folder as ``view_*.png`` are shown too.

    Args:
        folder: written by ``explain``.
        volume: the explained volume, shown as grey background; without it only the results are shown.
        ground_truth: label file on the volume's grid, shown as outline.
        ground_truth_labels: its values that count as target; None: every value > 0.
        series_uid: which DICOM series of ``volume``.

    Returns:
        The path of ``index.html``.

    Raises:
        InputError: a result file is missing or damaged, or a file lies on another grid.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    case = read_case_files(folder, volume, ground_truth, ground_truth_labels, series_uid)
    stack = slice_stack(case)
    all_positions = slice_positions_mm(case.geometry)
    positions = [all_positions[index] for index in stack.storage_slices]
    values = slice_values(case.slices)
    title = f"{case.name} (phantom)" if case.is_phantom else case.name
    with replacing(folder / "slices.png") as file:
        file.write(slices_png(stack, positions, _picture_title(title, case.metrics), case.is_phantom))
    if values:
        with replacing(folder / "chart.png") as file:
            file.write(chart_png(values, case.threshold, title))
    body = "".join(
        [
            _header(case),
            _findings(case.metrics),
            _warnings(case.metrics["warnings"]),
            _views(case),
            _slices(case, stack, positions, values),
            _chart(values, case.threshold),
            vessel_section(case.metrics),
            _numbers(case.metrics, case.threshold),
            _origin(case.metrics),
        ]
    )
    script = resource_path("page/slices.js").read_text(encoding="utf-8")
    page = folder / PAGE_NAME
    write_text(page, document(f"{title} - UMambaXAI", body, script))
    return page


def tiles(metrics: dict[str, Any]) -> str:
    """The headline numbers, each with what it says."""
    true, inside = mean_row(metrics, "gt"), mean_row(metrics, "pm")
    excess = metrics["excess_alignment"]
    entries = [
        ("Dice", number(metrics["segmentation"]["dice"]), "prediction against ground truth"),
        ("XAI-GT IoU", number(true["iou"] if true else None), "attention against ground truth"),
        ("XAI-PM IoU", number(inside["iou"] if inside else None), "attention against prediction"),
        ("Gap", number(metrics["gap"]), "XAI-PM minus XAI-GT"),
        (
            "In-PM excess",
            number(excess["in_pm_excess"] if excess else None),
            "under 1: attention avoids the true part of the prediction"
            + (
                f" (tested on whole vessel segments: {number(excess['in_pm_excess_of_segments'])},"
                f" p = {excess['p_value']:.3f})"
                if excess and excess["p_value"] is not None
                else ""
            ),
        ),
    ]
    if metrics["segmentation"]["gt_voxels"] is None:
        entries = [("Predicted", whole(metrics["segmentation"]["pm_voxels"]), "voxels"), entries[2]]
    elif "cl_dice" in metrics["segmentation"]:  # results of earlier versions have none
        entries.insert(1, ("clDice", number(metrics["segmentation"]["cl_dice"]), "overlap of the centrelines"))
    return (
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><span>{name}</span><b>{value}</b><small>{words}</small></div>'
            for name, value, words in entries
        )
        + "</div>"
    )


def verdict_block(verdict: dict[str, Any]) -> str:
    """The verdict's name and what it means, or why there is none."""
    name = verdict["name"]
    words = " ".join(verdict["reasons"]) if name == NOT_AVAILABLE else PLAIN[name]
    return f'<p class="name">{escape(VERDICT_TEXT[name])}</p><p>{escape(words)}</p>'


def _header(case: CaseFiles) -> str:
    metrics = case.metrics
    size = " x ".join(str(value) for value in metrics["input"]["size"])
    spacing = " x ".join(f"{value:.3g}" for value in metrics["input"]["spacing"])
    badge = f"<p>{PHANTOM_BADGE}</p>" if case.is_phantom else ""
    return (
        f"<header><h1>{escape(case.name)}</h1>{badge}"
        f'<p class="soft">{size} voxels of {spacing} mm; target: {escape(metrics["target"]["name"])}; '
        f"model: {escape(str(metrics['model']['architecture']))}</p></header>"
    )


def _findings(metrics: dict[str, Any]) -> str:
    verdict = metrics["verdict"]
    text = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences(metrics))
    cutoffs = verdict["cutoffs"]
    settings = (
        f"High: IoU of at least {cutoffs['high']:g}; low: under {cutoffs['low']:g}; gap: at least {cutoffs['gap']:g}; "
        f"attention threshold {cutoffs['threshold']:g}; significance {cutoffs['significance']:g}."
    )
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict["reasons"])
    rule = VERDICT_TEXT[verdict["paper_rule"]]
    return (
        f'<section class="verdict tone-{TONE[verdict["name"]]}"><h2>What this case says</h2>'
        f"{verdict_block(verdict)}{text}{tiles(metrics)}"
        f"<details><summary>Why</summary><ul>{reasons}</ul><p>The published rule alone says: {escape(rule)}.</p>"
        f'<p class="note">{settings}</p></details></section>'
    )


def _warnings(warnings: list[dict[str, str]]) -> str:
    if not warnings:
        return ""
    entries = "".join(f"<li>{escape(warning['message'])}</li>" for warning in warnings)
    return section("Please note", f'<ul class="warnings">{entries}</ul>')


def _views(case: CaseFiles) -> str:
    if not case.views:
        return ""
    pictures = "".join(
        f'<figure><img src="{picture_of(path)}" alt="{escape(_view_words(path))}">'
        f"<figcaption>{escape(_view_words(path))}</figcaption></figure>"
        for path in case.views
    )
    return section("As 3D Slicer shows it", f'<div class="views">{pictures}</div>')


def _view_words(path: Path) -> str:
    return _VIEW_WORDS.get(path.stem, "Rendered view of the vessels.")


def _picture_title(title: str, metrics: dict[str, Any]) -> str:
    """A picture travels without its page: it says by itself whether the map was judged."""
    word = sanity_word(metrics)
    return f"{title} - sanity of the map: {word}" if word else title


def _slices(case: CaseFiles, stack: SliceStack, positions: list[float], values: list[SliceValues]) -> str:
    still = picture_of(case.folder / "slices.png")
    fallback = f'<noscript><img src="{still}" alt="Slices with overlays" style="width:100%"></noscript>'
    return section("Slices", badge_strip(case.metrics) + viewer(case, stack, positions, values) + fallback)


def _chart(values: list[SliceValues], threshold: float) -> str:
    if not values:
        return ""
    return section(
        "Slice by slice",
        f'<div class="scroll">{SliceChart(values, threshold).svg()}</div>'
        '<p class="note">Click the chart to go to a slice. Gaps are values that cannot be computed.</p>',
    )


def _numbers(metrics: dict[str, Any], threshold: float) -> str:
    parts = []
    rows = metrics["alignment"]
    if rows:
        mean = [row for row in rows if row["layer"] == "mean"]
        parts.append("<h3>Attention (mean of layers) at every threshold</h3>" + threshold_table(mean, threshold))
        without = metrics.get("alignment_without_last_layer") or []
        control = metrics.get("alignment_of_control") or []
        first = [*mean, *control, *without, *(row for row in rows if row["layer"] != "mean")]
        parts.append(f"<h3>Every layer at threshold {threshold:g}</h3>" + layer_table(first, threshold))
        if control:
            parts.append(
                '<p class="note">The control is the mean of layers without the weight that the prompt box gives to '
                "every place: what it lacks of the map's agreement was put there by the box.</p>"
            )
        if without:
            parts.append(
                '<p class="note">The last decoder layer lies inside the prediction by construction; the mean without '
                "it does not have that head start.</p>"
            )
    categories = metrics["slice_categories"]
    if categories is not None:
        parts.append("<h3>Slices by category</h3>" + category_table(categories))
        if categories["joint"] is not None:
            parts.append("<h3>Segmentation and attention together</h3>" + joint_table(categories["joint"]))
    if metrics["excess_alignment"] is not None:
        parts.append("<h3>Excess alignment</h3>" + excess_table(metrics["excess_alignment"]))
    segmentation = metrics["segmentation"]
    parts.append(
        "<h3>Segmentation</h3>"
        + definitions(
            [
                ("Predicted voxels", whole(segmentation["pm_voxels"])),
                ("Ground-truth voxels", whole(segmentation["gt_voxels"])),
                ("Voxels in both", whole(segmentation["overlap_voxels"])),
                ("Dice", number(segmentation["dice"])),
                ("IoU", number(segmentation["iou"])),
                ("Centreline Dice (clDice)", number(segmentation.get("cl_dice"))),
            ]
        )
    )
    return section("Numbers", "".join(parts))


def _origin(metrics: dict[str, Any]) -> str:
    model, attribution, environment = metrics["model"], metrics["attribution"], metrics["environment"]
    target = metrics["target"]
    entries = [
        ("Model", _model_text(model)),
        ("Model fingerprint (SHA-256)", str(model["sha256"])[:16]),
        ("Target", f"{target['name']} (label {_text(target['label'])}), {target['kind']}"),
    ]
    if attribution is not None:
        passes = attribution["passes"]
        entries += [
            ("Method", str(attribution["method"])),
            *_method_settings(attribution),
            ("Gradient pooling", _text(attribution["pool"])),
            ("Layers", _text(attribution["layers"])),
            ("Preset", _text(attribution["preset"])),
            ("Explained windows", f"{passes['explained_windows']} of {passes['windows']}"),
        ]
    seconds = metrics["timing"]
    memory = metrics["peak_memory_mb"]
    entries += [
        ("Seconds", ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())),
        ("Peak memory", ", ".join(f"{name} {value:.0f} MB" for name, value in memory.items() if value is not None)),
        ("Computed on", f"{environment['device']}, scan: {environment['scan_backend'] or 'none'}"),
        ("Versions", f"UMambaXAI {environment['package']}, torch {environment['torch']}"),
    ]
    return section("How it was made", definitions(entries))


def _model_text(model: dict[str, Any]) -> str:
    if model["trainer"] is None:  # not of nnU-Net
        return f"{model['architecture']}, {model['configuration']}"
    return f"{model['architecture']}, trainer {model['trainer']}, fold {_text(model['fold'])}"


def _method_settings(attribution: dict[str, Any]) -> list[tuple[str, str]]:
    """The method's own settings as they became, labelled as everywhere; results of earlier versions name none."""
    settings = {**attribution.get("settings", {}), **attribution.get("details", {})}
    return [
        (facts.title, f"{_text(settings[name])} {facts.unit}".rstrip())
        for name, facts in SETTINGS.items()
        if name in settings
    ]


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return ", ".join(str(entry) for entry in value) if isinstance(value, list) else str(value)
