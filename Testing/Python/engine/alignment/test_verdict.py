from __future__ import annotations

import pytest

from UMambaXAILogic.engine.alignment.excess import ExcessAlignment
from UMambaXAILogic.engine.alignment.segments import PermutationTest
from UMambaXAILogic.engine.alignment.verdict import VERDICT_TEXT, judge, no_verdict, paper_rule
from UMambaXAILogic.engine.request import VerdictCutoffs

DEFAULTS = VerdictCutoffs()


@pytest.mark.parametrize(
    ("xai_gt", "xai_pm", "name"),
    [
        (0.4671, 0.5220, "anatomically_faithful"),  # the paper's source
        (0.1018, 0.2823, "spurious_correlation"),  # the paper's target
        (0.4, 0.4, "anatomically_faithful"),
        (0.19, 0.19, "diffuse_attention"),
        (0.05, 0.9, "spurious_correlation"),
        (0.19, 0.21, "inconclusive"),  # low and moderate, but no gap
        (0.2, 0.9, "inconclusive"),
        (0.9, 0.1, "inconclusive"),
    ],
)
def test_paper_rule_with_default_cutoffs(xai_gt, xai_pm, name):
    assert paper_rule(xai_gt, xai_pm, DEFAULTS) == name


def excess(value: float | None, p_value: float | None, reason: str | None = None) -> ExcessAlignment:
    test = PermutationTest(segments=20, observed=value, p_value=p_value, reason=reason)
    return ExcessAlignment(0.3, 0.9, 0.3, 0.1, 0.2, 0.2, 1.0, value, test)


def test_spurious_needs_attention_that_avoids_the_truth():
    assert judge(0.10, 0.28, excess(0.4, 0.002), DEFAULTS, 0.3).name == "spurious_correlation"


@pytest.mark.parametrize(
    "evidence",
    [
        None,
        excess(None, None, "no attention inside the prediction"),
        excess(0.9, 0.4),
        excess(1.2, 0.01),  # significant among segments, yet not under 1
        excess(0.4, None, "5 vessel segments; the test needs 8"),
    ],
)
def test_otherwise_the_segmentation_error_explains_it(evidence):
    verdict = judge(0.10, 0.28, evidence, DEFAULTS, 0.3)
    assert verdict.name == "low_xai_gt_from_segmentation_error"
    assert verdict.paper_rule == "spurious_correlation"
    assert "In-PM excess" in verdict.reasons[-1]


def test_cutoffs_are_settings_and_are_printed():
    strict = VerdictCutoffs(high=0.8, low=0.05, gap=0.3)
    verdict = judge(0.5, 0.6, None, strict, 0.25)
    assert verdict.name == "inconclusive"
    assert verdict.to_json()["cutoffs"] == {
        "high": 0.8,
        "low": 0.05,
        "gap": 0.3,
        "threshold": 0.25,
        "significance": 0.05,
    }


def test_every_name_has_words():
    for pair in [(0.5, 0.5), (0.1, 0.1), (0.1, 0.3), (0.3, 0.3)]:
        body = judge(*pair, None, DEFAULTS, 0.3).to_json()
        assert body["text"] == VERDICT_TEXT[body["name"]]
    assert no_verdict("why", DEFAULTS, 0.3).to_json()["reasons"] == ["why"]
