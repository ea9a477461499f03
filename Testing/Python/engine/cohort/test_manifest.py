"""Reading manifests: any sane CSV, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.cohort.manifest import ManifestCase, folder_name_problem, read_manifest
from UMambaXAILogic.engine.errors import InputError


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "sub").mkdir()
    for name in ("a.nii.gz", "b.nii.gz", "sub/c d.nii.gz", "gt.nii.gz", "roi.nii.gz"):
        (tmp_path / name).touch()
    return tmp_path


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "manifest.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_row_becomes_a_case_with_paths_relative_to_the_manifest(folder, monkeypatch):
    path = write(folder, "case,volume,gt,domain,region,series\none,a.nii.gz,gt.nii.gz,source,roi.nii.gz,1.2.3\n")
    monkeypatch.chdir(folder.parent)
    manifest = read_manifest(Path(folder.name) / "manifest.csv")
    assert manifest.cases == (
        ManifestCase("one", folder / "a.nii.gz", folder / "gt.nii.gz", "source", folder / "roi.nii.gz", "1.2.3"),
    )
    assert manifest.warnings == () and read_manifest(path).cases == manifest.cases


@pytest.mark.parametrize(
    "text",
    [
        "case,volume,gt\none,a.nii.gz,gt.nii.gz\ntwo,sub/c d.nii.gz,\n",
        "\ufeffcase;volume;gt\r\none;a.nii.gz;gt.nii.gz\r\ntwo;sub/c d.nii.gz;\r\n",
        "case\tvolume\tgt\none\ta.nii.gz\tgt.nii.gz\ntwo\tsub/c d.nii.gz\n",
        "Volume|CASE|Gt\na.nii.gz|one|gt.nii.gz\nsub/c d.nii.gz|two|\n",
        ' case , "volume" , gt \n\n one , "a.nii.gz" , gt.nii.gz \n ,,\n\n"two", sub\\c d.nii.gz\n\n\n',
        "sep=;\r\ncase;volume;gt\r\none;a.nii.gz;gt.nii.gz\r\ntwo;sub\\c d.nii.gz\r\n",
        "case,volume,gt\rone,a.nii.gz,gt.nii.gz\rtwo,sub/c d.nii.gz,\r",
        'case,gt,volume\none,./gt.nii.gz,"./a.nii.gz"\ntwo,,"sub/c d.nii.gz"\n',
    ],
)
def test_every_sane_dialect_says_the_same(folder, text):
    cases = read_manifest(write(folder, text)).cases
    assert [(case.case, case.volume, case.ground_truth) for case in cases] == [
        ("one", folder / "a.nii.gz", folder / "gt.nii.gz"),
        ("two", folder / "sub/c d.nii.gz", None),
    ]


def test_utf_16_as_spreadsheets_export_it_is_read(folder):
    assert read_manifest(write(folder, "case\tvolume\nünï\ta.nii.gz\n".encode("utf-16"))).cases[0].case == "ünï"


def test_columns_that_are_not_read_and_volumes_named_twice_are_warned_of(folder):
    text = "case,volume,Age,ground_truth\none,a.nii.gz,61,gt.nii.gz\ntwo,a.nii.gz,,\n"
    warnings = {warning.code: warning.message for warning in read_manifest(write(folder, text)).warnings}
    assert set(warnings) == {"columns_ignored", "same_volume"}
    assert "'age', 'ground_truth'" in warnings["columns_ignored"] and "one, two" in warnings["same_volume"]


def test_every_problem_is_listed_at_once_with_its_line(folder):
    text = """case,volume,gt,region
one,a.nii.gz,missing_gt.nii.gz,

one,b.nii.gz,,
,b.nii.gz,,
ONE,b.nii.gz,,sub
con.1,gone.nii.gz,,
a/b,b.nii.gz,,
five,,,
six,a.nii.gz,,,surplus
"""
    with pytest.raises(InputError) as raised:
        read_manifest(write(folder, text))
    lines = raised.value.message.splitlines()
    assert "10 problems" in lines[0]
    expected = [
        (2, "missing_gt.nii.gz' does not exist"),
        (4, "also in line 2"),
        (5, "cell 'case' is empty"),
        (6, "differs only in capitals"),
        (6, "region 'sub' is a folder"),
        (7, "Windows reserves"),
        (7, "gone.nii.gz"),
        (8, "characters"),
        (9, "cell 'volume' is empty"),
        (10, "5 cells under 4 columns"),
    ]
    assert len(lines) == 1 + len(expected)
    for line, (number, words) in zip(lines[1:], expected, strict=True):
        assert f"line {number}:" in line and words in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("sep=;\n", "empty"),
        ("case,volume\n", "no cases"),
        ("name,file\none,a.nii.gz\n", "'case' is missing"),
        ("case,volume,volume\none,a.nii.gz,b.nii.gz\n", "2 times"),
        ('case,volume\none,"a.nii.gz\ntwo,b.nii.gz\n', "line 2"),
        (b"case,volume\n\xfc,a.nii.gz\n", "UTF-8"),
    ],
)
def test_what_is_no_manifest_is_refused(folder, text, words):
    with pytest.raises(InputError, match=words):
        read_manifest(write(folder, text))


def test_a_folder_or_nothing_in_the_place_of_a_manifest_is_refused(folder):
    with pytest.raises(InputError, match="is a folder"):
        read_manifest(folder)
    with pytest.raises(InputError, match="cannot be read"):
        read_manifest(folder / "none.csv")


@pytest.mark.parametrize("name", ["NUL", "lpt1.x", "COM¹", "a:b", "a\tb", "x.", "..", ".hidden", "a" * 201, "aux.nii"])
def test_names_that_some_system_cannot_store_are_told(name):
    assert folder_name_problem(name) is not None


@pytest.mark.parametrize("name", ["console", "case 1", "Köln-3", "com10", "a.b"])
def test_ordinary_names_are_fine(name):
    assert folder_name_problem(name) is None


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8), min_size=1, max_size=5))
def test_cases_come_back_in_order_or_every_bad_name_is_named(tmp_path_factory, names):
    import csv

    folder = tmp_path_factory.mktemp("cohort")
    (folder / "a.nii").touch()
    with (folder / "m.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("case", "volume"), *((name, "a.nii") for name in names)])
    try:
        assert [case.case for case in read_manifest(folder / "m.csv").cases] == names
    except InputError as error:
        bad = [name for name in names if folder_name_problem(name)]
        assert all(repr(name) in error.message for name in bad)
        assert bad or len({name.casefold() for name in names}) < len(names)
