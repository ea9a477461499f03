from __future__ import annotations

import json

import pytest

from UMambaXAILogic.engine.domain import DomainSettings
from UMambaXAILogic.engine.domain.profile import Profile, merge_profiles, read_profile, write_profile
from UMambaXAILogic.engine.errors import InputError


@pytest.fixture
def stored(make_profile, tmp_path):
    """``stored(change)`` -> the file of a profile whose JSON ``change`` has altered."""
    path = tmp_path / "profile.json"
    write_profile(make_profile("hospital", 3), path)

    def alter(change):
        body = json.loads(path.read_text())
        change(body)
        path.write_text(json.dumps(body))
        return path

    return alter


def counts_of(row):
    return row["intensity"]["histogram"]["counts"]


def rows_of(profile):
    return [row.to_json() for row in profile.rows]


def test_what_was_written_is_read(make_profile, make_row, tmp_path):
    settings = DomainSettings((-10, 90), 0.4)
    profile = Profile(
        "mixed",
        settings,
        (
            make_row("ct", settings=settings, phantom=True),
            make_row("mr", settings=settings, units="arbitrary", modality="MR", noise=(None, 2.0, None)),
            make_row("no mask", settings=settings, diameters=None, modality=None),
        ),
    )
    write_profile(profile, tmp_path / "p.json")
    read = read_profile(tmp_path / "p.json")
    assert (read.name, read.settings, read.package) == ("mixed", settings, profile.package)
    assert rows_of(read) == rows_of(profile) and read.is_phantom


def test_the_file_says_what_it_is(make_profile, tmp_path):
    write_profile(make_profile("a", 2), tmp_path / "p.json")
    body = json.loads((tmp_path / "p.json").read_text())
    assert body["kind"] == "umamba-xai reference profile" and body["schema_version"] == 1
    assert (body["name"], body["phantom"], len(body["rows"])) == ("a", False, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body.pop("kind"), "is not a reference profile"),
        (lambda body: body.update(schema_version=2), "has schema version 2; this package reads 1"),
        (lambda body: body.pop("settings"), "is damaged: KeyError: 'settings'"),
        (lambda body: body["settings"].update(window_hu=[80, 0]), "is damaged: UsageError: The intensity window"),
        (lambda body: body.update(rows=[]), "'hospital' has no case"),
        (lambda body: body["rows"][1].update(schema_version=7), "row 2: .*schema version 7"),
        (lambda body: body["rows"][1].pop("noise"), "row 2: .*KeyError: 'noise'"),
        (lambda body: body["rows"][1].update(case="hospital_0"), "several rows of hospital_0"),
        (lambda body: body["rows"][0]["intensity"].update(window=[0, 100]), "row of hospital_0 .* window"),
        (lambda body: body["rows"][0]["morphology"].update(isotropic_mm=0.4), "row of hospital_0 .* voxel size 0.4"),
        (lambda body: body["rows"][0]["intensity"]["histogram"].update(bins="other"), "bins 'other' are not known"),
        (
            lambda body: body["rows"][0]["intensity"].update(histogram=body["rows"][0]["morphology"]["histogram"]),
            "row of hospital_0 .* bins diameter-1",
        ),
        (lambda body: body["rows"][2]["intensity"].update(mean="40"), "row 3: intensity.mean is '40'"),
        (lambda body: body["rows"][2]["intensity"]["full"].update(mean=None), "row 3: intensity.full.mean is None"),
        (
            lambda body: body["rows"][2]["resolution"]["spacing_mm"].update(right_left=None),
            "row 3: resolution.spacing_mm.right_left is None",
        ),
        (lambda body: body["rows"][2].update(phantom=1), "row 3: phantom is 1"),
        (lambda body: body.update(name=None), "is damaged: TypeError: name is None"),
        (lambda body: body["rows"][2]["intensity"].update(std=-4.0), "row 3: intensity.std is -4.0"),
        (lambda body: body["rows"][2]["intensity"].update(mean=1e308), r"row 3: intensity.mean is 1e\+308"),
        (lambda body: body["rows"][2]["intensity"]["full"].update(voxels=1.5), "intensity.full.voxels is 1.5"),
        (lambda body: counts_of(body["rows"][2]).__setitem__(0, 10**30), "row 3: intensity.histogram.counts is 10"),
        (lambda body: counts_of(body["rows"][2]).__setitem__(0, -5), "row 3: intensity.histogram.counts is -5"),
        (lambda body: counts_of(body["rows"][2]).pop(), "row 3: intensity.histogram holds 39. values, and 400"),
        (lambda body: body["rows"][2]["morphology"]["histogram"].update(above=1), "holds 401 values, and 400"),
        (lambda body: body["rows"][2]["intensity"]["histogram"].update(minimum=None), "has no extremes"),
        (lambda body: body["rows"][2]["intensity"]["full"]["percentiles"].pop("50"), "percentiles are those of 0.5, 5"),
        (
            lambda body: body["rows"][2]["resolution"]["spacing_mm"].update(right_left=0),
            "row 3: resolution.spacing_mm.right_left is 0",
        ),
        (lambda body: body["rows"].__setitem__(1, 3), "row 2: "),
        (lambda body: body["rows"][0]["resolution"].update(obliquity_degrees=float("nan")), "NaN is no JSON number"),
    ],
)
def test_what_is_no_sound_profile_is_refused(stored, change, message):
    with pytest.raises(InputError, match=message):
        read_profile(stored(change))


@pytest.mark.parametrize(
    ("contents", "message"), [(b"{", "is no JSON"), (b"\xff\xfe\x00", "is not text"), (b"3", "not a")]
)
def test_other_files_are_refused(tmp_path, contents, message):
    (tmp_path / "p.json").write_bytes(contents)
    with pytest.raises(InputError, match=message):
        read_profile(tmp_path / "p.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="none.json cannot be read: No such file"):
        read_profile(tmp_path / "none.json")


def test_nothing_half_written_is_left(make_profile, tmp_path, monkeypatch):
    path = tmp_path / "p.json"
    write_profile(make_profile("first", 1), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_profile(make_profile("second", 1), path)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["p.json"]


def test_profiles_merge_by_concatenating_rows(make_profile):
    first, second = make_profile("a", 2), make_profile("b", 3)
    merged = merge_profiles([first, second], "both")
    assert merged.name == "both" and rows_of(merged) == rows_of(first) + rows_of(second)


def test_different_cases_of_one_name_keep_their_profiles_name(make_profile):
    first = make_profile("a", 2, case=lambda number: f"case_{number}")
    second = make_profile("b", 1, case=lambda number: "case_1", tissue=(50.0, 9.0))
    merged = merge_profiles([first, second], "both")
    assert [row.case for row in merged.rows] == ["case_0", "a/case_1", "b/case_1"]


def test_profiles_of_one_name_are_told_apart_by_their_place(make_profile):
    first = make_profile("imagesTr", 1)
    second = make_profile("imagesTr", 1, tissue=(50.0, 9.0))
    third = make_profile("other", 1, case=lambda number: "imagesTr_0", tissue=(51.0, 9.0))
    merged = merge_profiles([first, second, third], "all")
    assert [row.case for row in merged.rows] == ["imagesTr 1/imagesTr_0", "imagesTr 2/imagesTr_0", "other/imagesTr_0"]


def test_the_same_case_twice_is_refused(make_profile):
    with pytest.raises(InputError, match="case a_0 is in two"):
        merge_profiles([make_profile("a", 2), make_profile("a", 1)], "both")


def test_profiles_of_other_settings_do_not_merge(make_profile):
    with pytest.raises(InputError, match=r"\[0.0, 80.0\].*\[0.0, 100.0\]"):
        merge_profiles([make_profile("a", 1), make_profile("b", 1, DomainSettings((0, 100)))], "both")
