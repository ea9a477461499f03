"""The ranked table in words."""

from __future__ import annotations

from UMambaXAILogic.engine.benchmark.columns import (
    COHORT_COLUMNS,
    COLUMNS,
    is_of_cohort,
    shown_cohort_rows,
    shown_rows,
)


def test_the_best_comes_first_and_what_is_not_known_is_said(benchmark_body):
    body = benchmark_body()
    rows = shown_rows(body)
    assert all(list(row) == [column.key for column in COLUMNS] for row in rows)
    assert [row["map"] for row in rows] == [
        "Seg-XRes-CAM, pool 2",
        "mine (given)",
        "Baseline: Random",
        "Gradient x input",
    ]
    best, given, baseline, constant = rows
    assert (best["rank"], best["faithfulness"], best["sanity"], best["leak"]) == (
        "1",
        "0.61",
        "passed (r 0.10)",
        "0.25",
    )
    assert best["earned"] == "depends on the network, beats chance" and best["missed"] == ""
    assert given["sanity"] == "not known" and given["seconds"] == "n/a"
    assert baseline["sanity"] == "failed (r 1.00)" and baseline["missed"] == "depends on the network"
    assert (constant["rank"], constant["faithfulness"], constant["sanity"]) == ("n/a", "n/a", "n/a")
    assert constant["missed"] == "not constant"
    assert {row["robustness"] for row in rows} == {"not asked"}
    assert not is_of_cohort(body)


def test_every_column_says_what_it_means_and_which_way_is_better():
    for column in (*COLUMNS, *COHORT_COLUMNS):
        assert len(column.meaning) > 20, column.key
        assert ("\u2191" in column.title) == column.meaning.startswith("Higher is better"), column.key
        assert ("\u2193" in column.title) == column.meaning.startswith("Lower is better"), column.key


def interval(estimate, low=None, high=None) -> dict:
    return {"estimate": estimate, "low": low, "high": high, "cases": 3}


def test_a_cohort_s_methods_have_means_and_intervals():
    names = ("faithfulness", "leak", "far_share", "robustness", "seconds")
    entry = {
        "name": "dea",
        "title": "Dual-evidence attribution",
        "kind": "method",
        "rank": 1,
        "cases": 7,
        "sanity_passed": 6,
        "sanity_asked": 7,
        "means": {name: interval(0.5) for name in names} | {"faithfulness": interval(0.4, 0.1, 0.6)},
    }
    without = {**entry, "rank": None, "sanity_asked": 0, "means": {name: interval(None) for name in names}}
    body = {"cases": ["a"], "settings": {"axes": ["robustness"]}, "methods": [entry, without]}
    first, second = shown_cohort_rows(body)
    assert list(first) == [column.key for column in COHORT_COLUMNS]
    assert first["faithfulness"] == "0.40 (0.10 to 0.60)" and first["sanity"] == "6 of 7" and first["leak"] == "0.50"
    assert second["rank"] == "n/a" and second["faithfulness"] == "n/a" and second["sanity"] == "not asked"
    assert is_of_cohort(body)
