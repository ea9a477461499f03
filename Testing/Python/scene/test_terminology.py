"""Segments carry SNOMED codes that Slicer reads."""

from __future__ import annotations

import pytest
import slicer

from UMambaXAILogic.scene.terminology import terminology_entry


@pytest.mark.parametrize(
    ("label", "code", "meaning"),
    [
        ("vessel", "59820001", "Blood vessel"),
        ("BA", "59011009", "Basilar artery"),
        ("R-PCA", "70382005", "Posterior cerebral artery"),
        ("L_ICA", "86117002", "Internal carotid artery"),
        ("Acom", "8012006", "Anterior communicating artery"),
        ("R-Pcom", "43119007", "Posterior communicating artery"),
        ("left middle cerebral artery", "17232002", "Middle cerebral artery"),
        ("portal vein", "29092000", "Vein"),
        ("arteries", "51114001", "Artery"),
        ("aneurysm", "85659009", "Aneurysm"),
        ("object", "85756007", "Tissue"),
        ("something else", "59820001", "Blood vessel"),
    ],
)
def test_label_names_become_codes(label, code, meaning):
    entry = slicer.vtkSlicerTerminologyEntry()
    logic = slicer.vtkSlicerTerminologiesModuleLogic()
    assert logic.DeserializeTerminologyEntry(terminology_entry(label), entry)
    kind = entry.GetTypeObject()
    assert (kind.GetCodingSchemeDesignator(), kind.GetCodeValue(), kind.GetCodeMeaning()) == ("SCT", code, meaning)
    category = entry.GetCategoryObject().GetCodeMeaning()
    expected = {"Aneurysm": "Morphologically Abnormal Structure", "Tissue": "Tissue"}
    assert category == expected.get(meaning, "Anatomical Structure")
