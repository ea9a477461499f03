"""What the panel's part for comparing maps offers and says in every situation."""

from __future__ import annotations

from dataclasses import replace

from UMambaXAILogic.interaction.panel.comparison import ComparisonFacts, ComparisonNumbers, MapFacts, comparison_ui

ONE, LAYER, OTHER, ELSEWHERE = (
    MapFacts("1 mean", "ct", "demo, seg-xres-cam (CT)"),
    MapFacts("1 encoder.2", "ct", "demo, seg-xres-cam, encoder.2 (CT)"),
    MapFacts("2 mean", "ct", "demo, dea (CT)"),
    MapFacts("3 mean", "mr", "demo, dea (MR)"),
)
NUMBERS = ComparisonNumbers(0.3, 0.87654, 0.5, None, -0.25, 0.0)


def test_with_fewer_than_two_maps_of_a_volume_the_way_to_them_is_said():
    for maps in ((), (ONE,), (ONE, ELSEWHERE)):
        ui = comparison_ui(ComparisonFacts(maps))
        assert not ui.compare_enabled and "run another method" in ui.hint and ui.second == ""
    assert not comparison_ui(ComparisonFacts((ONE,))).choices_enabled


def test_the_latest_that_can_be_compared_is_proposed():
    ui = comparison_ui(ComparisonFacts((ONE, LAYER, OTHER, ELSEWHERE)))
    assert (ui.first, ui.second) == ("2 mean", "1 encoder.2")
    assert ui.compare_enabled and ui.choices_enabled and not ui.hint


def test_only_maps_of_the_same_volume_are_offered_for_b():
    ui = comparison_ui(ComparisonFacts((ONE, LAYER, OTHER, ELSEWHERE), first="1 mean", second="3 mean"))
    assert [option.key for option in ui.second_maps] == ["1 encoder.2", "2 mean"]
    assert ui.second == "2 mean"
    assert [option.key for option in ui.first_maps] == ["1 mean", "1 encoder.2", "2 mean", "3 mean"]


def test_a_choice_that_is_gone_gives_way():
    ui = comparison_ui(ComparisonFacts((ONE, OTHER), first="9 mean", second="9 mean"))
    assert (ui.first, ui.second) == ("2 mean", "1 mean")


def test_numbers_are_those_of_the_maps_that_are_chosen_or_none():
    facts = ComparisonFacts((ONE, OTHER), "1 mean", "2 mean", ("1 mean", "2 mean"), NUMBERS)
    assert comparison_ui(facts).numbers.splitlines() == [
        "Pearson r, all voxels: 0.877",
        "Pearson r, in the prediction: 0.500",
        "Pearson r, in the ground truth: n/a",
        "Spearman rho, A or B at least 0.30: -0.250",
        "IoU of A and B at least 0.30: 0.000",
    ]
    assert comparison_ui(replace(facts, first="2 mean", second="1 mean")).numbers == ""
    assert comparison_ui(replace(facts, compared=None, numbers=None)).numbers == ""


def test_while_it_compares_nothing_else_can_be_asked_for_but_the_way_back_is_open():
    facts = ComparisonFacts((ONE, OTHER), is_comparing=True, is_shown=True)
    ui = comparison_ui(facts)
    assert not ui.compare_enabled and not ui.choices_enabled and ui.hint == "Comparing..."
    assert ui.back_enabled and not comparison_ui(ComparisonFacts()).back_enabled
