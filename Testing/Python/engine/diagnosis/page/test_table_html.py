from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from UMambaXAILogic.engine.diagnosis.page.table_html import interval_html, number_text, sensible_digits, table_html
from UMambaXAILogic.engine.diagnosis.table import Column, Table, count_column, text_column
from UMambaXAILogic.engine.statistics import mean_interval

COLUMNS = (
    Column("threshold", "Threshold", digits=2),
    text_column("cohort", "Cohort"),
    text_column("averaging", "Averaging"),
    count_column("cases", "Cases"),
    Column("iou", "IoU", kind="interval", unit="%", digits=3),
)


class Grid(HTMLParser):
    """A table's cells as a reader sees them: rowspans filled in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.headers: list[dict[str, str]] = []
        self._open = False
        self._spans: dict[int, tuple[int, str]] = {}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self._fill()
            self.rows[-1].append("")
            self._open = True
            if tag == "th":
                self.headers.append(known)
            if "rowspan" in known:
                self._spans[len(self.rows[-1]) - 1] = (int(known["rowspan"]), "")

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self._open = False
            place = len(self.rows[-1]) - 1
            if place in self._spans and not self._spans[place][1]:
                self._spans[place] = (self._spans[place][0] - 1, self.rows[-1][place])
            self._fill()

    def handle_data(self, data):
        if self._open:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data}".strip()

    def _fill(self):
        while (place := len(self.rows[-1])) in self._spans and self._spans[place][0] > 0:
            left, text = self._spans[place]
            self._spans[place] = (left - 1, text)
            self.rows[-1].append(text)


def row(threshold: float, cohort: str, averaging: str, iou, cases: int | None = 7) -> dict:
    return {"threshold": threshold, "cohort": cohort, "averaging": averaging, "cases": cases, "iou": iou}


def shown(rows, paper=None, notes=(), columns=COLUMNS) -> str:
    return table_html(Table("9", 9, "XAI-GT >= <b>", columns, tuple(rows), tuple(notes), paper).to_json(), "table-9")


def test_cells_stand_under_their_headers_with_units_and_repeated_keys_joined():
    html = shown([row(t, c, a, 0.5) for t in (0.2, 0.3) for c in ("source", "target") for a in ("pooled", "case_mean")])
    grid = Grid(html)
    assert grid.rows[0] == ["Threshold", "Cohort", "Averaging", "Cases", "IoU (%)"]
    assert grid.rows[1:] == [
        [t, c, a, "7", "0.500"] for t in ("0.20", "0.30") for c in ("source", "target") for a in ("pooled", "case_mean")
    ]
    assert html.count('rowspan="4"') == 2 and html.count('rowspan="2"') == 4
    assert all(header.get("scope") in ("col", "row", "rowgroup") for header in grid.headers)


def test_titles_and_notes_are_text():
    html = shown([row(0.3, "source", "pooled", 0.5)], notes=["a < b, c >= d"])
    assert "Table 9: XAI-GT \u2265 &lt;b&gt;" in html and "a &lt; b, c \u2265 d" in html
    assert '<div class="scroll" role="region" aria-labelledby="table-9" tabindex="0">' in html


def test_published_rows_follow_those_they_belong_to_where_several_do():
    rows = [row(0.3, c, a, 0.5) for c in ("source", "target") for a in ("pooled", "case_mean")]
    paper = ({"threshold": 0.3, "cohort": "target", "iou": 0.1018}, {"threshold": 0.9, "cohort": "source", "iou": 0.4})
    grid = Grid(shown(rows, paper))
    assert [line[2] for line in grid.rows[1:]] == [
        "pooled",
        "case_mean",
        "pooled",
        "case_mean",
        "published, other data",
        "published, other data",
    ]
    assert grid.rows[5] == ["0.30", "target", "published, other data", "", "0.1018"]
    assert grid.rows[6] == ["0.90", "source", "published, other data", "", "0.4"]  # nothing to compare it with


def test_published_numbers_stand_in_the_cell_where_there_is_one_for_each():
    columns = tuple(column for column in COLUMNS if column.key in ("cohort", "iou"))
    rows = [{"cohort": "source", "iou": 0.5}, {"cohort": "target", "iou": None}]
    grid = Grid(shown(rows, ({"cohort": "source", "iou": 0.4671}, {"cohort": "target", "iou": 0.1}), columns=columns))
    assert grid.rows[1:] == [["source", "0.500 published 0.4671"], ["target", "n/a published 0.1"]]


def test_few_cases_are_flagged_and_explained():
    interval = mean_interval([0.4, 0.5, 0.6, 0.5, 0.4, 0.6, 0.5]).to_json()
    html = shown([row(0.3, "source", "case_mean", interval)])
    assert re.search(r"0\.500<small class=\"limits\">0\.\d{3} to 0\.\d{3}<abbr title=\"few cases\">", html)
    assert "few cases: from 6 to 11 of them" in html
    enough = mean_interval([0.4, 0.5, 0.6, 0.5, 0.4, 0.6] * 2).to_json()
    assert "few cases" not in shown([row(0.3, "source", "case_mean", enough)])


@pytest.mark.parametrize(("count", "words"), [(4, "no interval: 4 cases"), (1, "no interval: 1 case")])
def test_too_few_cases_have_no_interval_but_their_values(count, words):
    html = interval_html(mean_interval([0.25] * count).to_json(), 2)
    assert words in html
    assert html.count("0.25") == (1 + count if count > 1 else 1)


def test_what_cannot_be_computed_is_na():
    html = shown(
        [row(0.3, "source", "case_mean", None, None), row(0.3, "source", "pooled", mean_interval([]).to_json())]
    )
    assert [line[-1] for line in Grid(html).rows[1:]] == ["n/a", "n/a"]
    assert Grid(html).rows[1][3] == "n/a"
    assert html.count('class="number na"') == 3
    assert "None" not in html


def test_a_table_without_rows_says_why():
    html = shown([], notes=["No case has a ground truth."])
    assert "<table" not in html and "No case has a ground truth." in html


def test_words_that_are_the_same_in_every_row_are_said_once():
    columns = (text_column("measure", "Measure"), Column("p_value", "p", digits=4), text_column("test", "Test"))
    rows = [{"measure": name, "p_value": p, "test": "Welch"} for name, p in (("Dice", 0.00001), ("gap", 0.03))]
    html = shown(rows, columns=columns)
    assert Grid(html).rows == [["Measure", "p"], ["Dice", "< 0.0001"], ["gap", "0.0300"]]
    assert html.count("Welch") == 1


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.25, 2, "\u22120.25"), (-0.0001, 2, "0.00"), (None, 2, "n/a"), (1234.5, None, "1234"), (2.0, 0, "2")],
)
def test_numbers_have_a_true_minus_sign_and_no_negative_zero(value, digits, text):
    assert number_text(value, digits) == text


@pytest.mark.parametrize(
    ("value", "decimals"), [(0.4567, 3), (1.114, 3), (41.71, 2), (-160.0, 1), (1351.0, 0), (99999, 0)]
)
def test_large_numbers_have_no_needless_decimals(value, decimals):
    assert sensible_digits(value, 3) == decimals
    assert sensible_digits(value, 0) == 0
