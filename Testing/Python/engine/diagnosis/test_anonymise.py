"""Case names that look like identifiers do not reach a report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.diagnosis.anonymise import CaseNames, find_case_folder, hashed_name, looks_like_identifier

UID = "1.2.826.0.1.3680043.8.498.1234567890"


@pytest.mark.parametrize(
    ("name", "expected"),
    [(UID, True), (f"rsna_{UID}", True), ("case_001", False), ("1.2.3", False), ("2024.01.31", False),
     ("12345678", False)],
)  # fmt: skip
def test_dicom_identifiers_are_told_by_their_form(name, expected):
    assert looks_like_identifier(name) is expected


def test_names_are_replaced_where_asked_or_where_they_look_like_identifiers():
    automatic = CaseNames()
    assert automatic.shown("case_001") == "case_001" and not automatic.replaced
    assert automatic.shown(UID) == hashed_name(UID) and automatic.replaced
    assert CaseNames(True).shown("case_001") == hashed_name("case_001")
    never = CaseNames(False)
    assert never.shown(UID) == UID and not never.replaced


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_hash_is_always_the_same_and_never_shows_the_name(name, other):
    assert hashed_name(name) == hashed_name(name)
    assert len(hashed_name(name)) == len("case-") + 10
    assert (hashed_name(name) == hashed_name(other)) is (name == other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The volume /data/Doe John/scan 1.nii.gz cannot be read.", "The volume [path] cannot be read."),
        ("The volume C:\\data\\doe.nii.gz is empty.", "The volume [path] is empty."),
        ("'../doe/scan.nrrd' is not there.", "[path] is not there."),
        ("doe_john.nii.gz holds two channels.", "[path] holds two channels."),
        ("Series 1.2.840.113619.2.55.3 is missing.", f"Series {hashed_name('1.2.840.113619.2.55.3')} is missing."),
        ("Of 10 slices, 1/2 are empty.", "Of 10 slices, 1/2 are empty."),
        ("The mask /a/b.nii is not on the grid of /c/d.nii.", "The mask [path] is not on the grid of [path]."),
        ("It lies in (/data/doe), which is empty.", "It lies in [path], which is empty."),
        ("The case Doe_John has no slices.", f"The case {hashed_name('Doe_John')} has no slices."),
    ],
)
def test_sentences_lose_paths_identifiers_and_the_name(text, expected):
    assert CaseNames(True).shown_text(text, "Doe_John") == expected


def test_a_short_name_is_no_part_of_other_words():
    assert (
        CaseNames(True).shown_text("Case a has a mask.", "a") == f"Case {hashed_name('a')} has {hashed_name('a')} mask."
    )
    assert CaseNames(True).shown_text("John's mask_John1 is empty.", "John").count(hashed_name("John")) == 2


def test_the_folder_of_a_case_is_found_by_its_hash(tmp_path):
    (tmp_path / "cases" / UID).mkdir(parents=True)
    (tmp_path / "cases" / "plain").mkdir()
    assert find_case_folder(tmp_path, hashed_name(UID)) == tmp_path / "cases" / UID
    assert find_case_folder(tmp_path, "plain") == tmp_path / "cases" / "plain"
    assert find_case_folder(tmp_path, "missing") is None
    assert find_case_folder(tmp_path / "nowhere", "missing") is None
