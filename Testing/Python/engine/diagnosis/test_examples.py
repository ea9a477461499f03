"""Which cases are worth looking at."""

from __future__ import annotations

from dataclasses import dataclass

from UMambaXAILogic.engine.diagnosis.anonymise import CaseNames, hashed_name
from UMambaXAILogic.engine.diagnosis.examples import cases_to_look_at

UID = "1.2.826.0.1.3680043.8.498.1"


@dataclass
class Measures:
    """Stands in for measures whose case values are chosen: name -> (dice, xai_gt, xai_pm, in-PM excess, p)."""

    chosen: dict[str, tuple]

    @property
    def cases(self):
        return [
            {"case": name, "dice": dice, "in_pm_excess": excess, "p_value": p, "folder": f"cases/{name}"}
            for name, (dice, _, _, excess, p) in self.chosen.items()
        ]

    def values(self, quantity):
        return [value[1 if quantity == "xai_gt_iou" else 2] for value in self.chosen.values()]


def looked_at(chosen, each=1, names=None):
    rows = cases_to_look_at("target", Measures(chosen), names or CaseNames(), each)
    return [(row["kind"], row["case"]) for row in rows]


CASES = {
    "c": (0.9, 0.6, 0.6, 0.9, 0.2),
    "b": (0.2, 0.1, 0.2, 0.5, 0.3),
    "a": (0.5, 0.2, 0.7, 0.8, 0.01),
    "d": (0.6, 0.3, 0.5, 0.7, 0.04),
}


def test_best_worst_and_most_spurious_are_found_whatever_the_order():
    expected = [("best", "c"), ("worst", "b"), ("most_spurious", "d")]
    assert looked_at(CASES) == expected
    assert looked_at(dict(reversed(CASES.items()))) == expected


def test_the_lowest_excess_counts_only_where_it_is_significant():
    # b has the lowest excess of all, but p = 0.3.
    rows = cases_to_look_at("target", Measures(CASES), CaseNames(), 2)
    assert [(row["kind"], row["case"]) for row in rows] == [
        ("best", "c"),
        ("best", "d"),
        ("worst", "b"),
        ("worst", "a"),
    ]
    assert "in-PM excess alignment 0.700 (p = 0.040)" in rows[1]["why"]
    assert rows[3]["why"].startswith("Lowest Dice (0.500). Attention avoids")


def test_without_a_significant_case_the_largest_gap_is_shown_and_said():
    cases = {name: (*values[:4], 0.5) for name, values in CASES.items()}
    rows = cases_to_look_at("target", Measures(cases), CaseNames(), 1)
    assert [(row["kind"], row["case"]) for row in rows][-1] == ("most_spurious", "a")
    assert "Largest gap between XAI-PM and XAI-GT IoU (0.500); in no case" in rows[-1]["why"]
    assert rows[-1]["gap"] == 0.7 - 0.2


def test_one_case_is_listed_once_with_all_reasons():
    rows = cases_to_look_at("source", Measures({"only": (0.5, 0.2, 0.7, 0.8, None)}), CaseNames(), 1)
    assert len(rows) == 1 and rows[0]["kind"] == "best"
    assert [word in rows[0]["why"] for word in ("Highest XAI-GT", "Lowest Dice", "Largest gap")] == [True] * 3


def test_cases_without_numbers_are_not_shown():
    assert looked_at({"a": (None, None, None, None, None)}) == []
    assert looked_at({"a": (0.0, None, None, None, None)}) == [("worst", "a")]
    assert looked_at(CASES, each=0) == []


def test_a_hidden_name_hides_the_folder_too():
    rows = cases_to_look_at("source", Measures({UID: (0.5, 0.2, 0.7, 0.8, None)}), CaseNames(), 1)
    assert (rows[0]["case"], rows[0]["folder"]) == (hashed_name(UID), None)
    rows = cases_to_look_at("source", Measures({UID: (0.5, 0.2, 0.7, 0.8, None)}), CaseNames(False), 1)
    assert (rows[0]["case"], rows[0]["folder"]) == (UID, f"cases/{UID}")
