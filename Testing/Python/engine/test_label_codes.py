"""Label names of vessel models become SNOMED codes."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.label_codes import label_codes


@pytest.mark.parametrize(
    ("label", "value"),
    [("vessel", "59820001"), ("BA", "59011009"), ("L_ICA", "86117002"), ("3rd-A2", "60176003"), ("veins", "29092000")],
)
def test_vessels_are_anatomical_structures(label, value):
    codes = label_codes(label)
    assert (codes.kind.value, codes.kind.scheme, codes.category.value) == (value, "SCT", "123037004")


def test_what_a_prompted_model_finds_need_not_be_a_vessel():
    codes = label_codes("object")
    assert codes.kind.meaning == codes.category.meaning == "Tissue"


def test_an_aneurysm_is_an_abnormal_structure():
    assert label_codes("Aneurysm").category.value == "49755003"
