"""What was compared, what failed, what was checked, what cannot be concluded, and how everything was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ...page.document import section
from ...page.tables import definitions
from ...page.words import whole
from .table_html import boxed_table, head_cells, plain, side_html

SIDES = ("source", "target")


def compared_section(compared: Mapping[str, Any]) -> str:
    """The two cohorts, side by side."""
    rows = [
        ("Cohort", [compared[side]["name"] for side in SIDES]),
        ("Cases", [whole(compared[side]["cases"]) for side in SIDES]),
        ("Finished", [whole(compared[side]["done"]) for side in SIDES]),
        ("Failed", [whole(compared[side]["failed"]) for side in SIDES]),
        ("Not finished", [whole(compared[side]["unfinished"]) for side in SIDES]),
        ("With ground truth", [whole(compared[side]["with_gt"]) for side in SIDES]),
        ("Nothing predicted", [whole(compared[side]["nothing_predicted"]) for side in SIDES]),
        ("Attribution methods", [text_of(compared[side]["methods"]) for side in SIDES]),
        *_model_rows([compared[side]["model"] for side in SIDES]),
    ]
    return titled("compared", "What was compared", _pair_table("compared-title", rows))


def settings_section(report: Mapping[str, Any]) -> str:
    """Settings of both cohorts and of the comparison, and versions."""
    settings = [report["compared"][side]["settings"] for side in SIDES]
    names = list(dict.fromkeys(name for some in settings for name in some))
    rows = [(_words(name), [text_of(some.get(name)) for some in settings]) for name in names]
    options = [(_words(name), text_of(value)) for name, value in report["options"].items()]
    environment = report["environment"]
    versions = [(name, text_of(value)) for name, value in environment.items() if name not in SIDES]
    parts = [
        "<p>All numbers stand at full precision in report.json, which was written with this page.</p>",
        '<h3 id="cohort-settings">Of the cohorts</h3>' + _pair_table("cohort-settings", rows),
        "<h3>Of the comparison</h3>" + definitions(options),
        "<h3>Versions</h3>" + definitions(versions),
    ]
    computed = [environment[side] for side in SIDES if isinstance(environment.get(side), Mapping)]
    if len(computed) == len(SIDES):
        names = list(dict.fromkeys(name for some in computed for name in some))
        rows = [(name, [text_of(some.get(name)) for some in computed]) for name in names]
        parts.append('<h3 id="cohort-versions">Where the cohorts were computed</h3>')
        parts.append(_pair_table("cohort-versions", rows))
    return titled("settings", "Settings and versions", "".join(parts))


def failed_section(failed: Sequence[Mapping[str, Any]]) -> str:
    """Cases that are missing from every number above."""
    if not failed:
        return titled("failed", "Failed cases", "<p>None: every case was finished.</p>")
    rows = "".join(
        f'<tr><th scope="row" class="text">{side_html(entry["cohort"])}</th>'
        f'<td class="text">{escape(str(entry["case"]))}</td><td class="text">{escape(str(entry["reason"]))}</td>'
        f'<td class="number">{whole(entry["attempts"])}</td></tr>'
        for entry in failed
    )
    head = head_cells(("Cohort", "text"), ("Case", "text"), ("Reason", "text"), ("Attempts", "number"))
    table = boxed_table("failed-title", "words", head, rows)
    return titled("failed", "Failed cases", "<p>These cases are in none of the numbers above.</p>" + table)


def audit_section(audit: Mapping[str, Any]) -> str:
    """What the identities between the numbers say."""
    words = (
        f"<p>{whole(audit['checked'])} identities between the numbers were checked: F1 = 2 IoU / (1 + IoU) for pooled "
        "counts, equal |PM| / |GT| at every threshold, categories that sum to the total.</p>"
    )
    if not audit["findings"]:
        return titled("audit", "Audit of the numbers", words + "<p>All of them hold.</p>")
    entries = "".join(
        f"<li><strong>{escape(_finding(entry))}</strong> {plain(entry['text'])}</li>" for entry in audit["findings"]
    )
    return titled("audit", "Audit of the numbers", f'{words}<ul class="warnings">{entries}</ul>')


def limits_section(limits: Sequence[str]) -> str:
    """What these numbers cannot say."""
    return titled("limits", "Limits", _list(limits)) if limits else ""


def notes_section(warnings: Sequence[Mapping[str, str]]) -> str:
    """What a reader should know before trusting anything below."""
    if not warnings:
        return ""
    entries = "".join(f"<li>{plain(warning['message'])}</li>" for warning in warnings)
    return titled("notes", "Please note", f'<ul class="warnings">{entries}</ul>')


def titled(name: str, title: str, content: str) -> str:
    """A part of the page that the list of contents leads to."""
    return section(title, content).replace("<section><h2>", f'<section id="{name}"><h2 id="{name}-title">', 1)


def text_of(value: Any) -> str:
    """A setting in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {text_of(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return ", ".join(text_of(entry) for entry in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _model_rows(models: Sequence[Mapping[str, Any] | None]) -> list[tuple[str, list[str]]]:
    titles = {"architecture": "Model", "trainer": "Trainer", "configuration": "Configuration", "fold": "Fold"}
    rows = [(title, [_of(model, key) for model in models]) for key, title in titles.items()]
    rows.append(("Model fingerprint (SHA-256)", [_of(model, "sha256")[:16] for model in models]))
    return rows


def _of(model: Mapping[str, Any] | None, key: str) -> str:
    return "not known" if model is None else text_of(model.get(key))


def _pair_table(heading: str, rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    body = "".join(
        f'<tr><th scope="row" class="text">{escape(name)}</th>'
        + "".join(f'<td class="text">{escape(value)}</td>' for value in values)
        + "</tr>"
        for name, values in rows
    )
    head = "<td></td>" + head_cells(*((side_html(side), "text") for side in SIDES))
    return boxed_table(heading, "words", head, body)


def _finding(entry: Mapping[str, Any]) -> str:
    table = f"Table {entry['table']}" if str(entry["table"]).isdigit() else str(entry["table"]).capitalize()
    place = f"{table}, {entry['cohort']}" if entry["cohort"] else table
    return f"{place}:"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{plain(sentence)}</li>" for sentence in sentences) + "</ul>"
