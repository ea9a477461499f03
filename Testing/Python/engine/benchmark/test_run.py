"""A benchmark from request to files."""

from __future__ import annotations

import csv
import dataclasses
import json

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from UMambaXAILogic.cli.benchmark_summary import summary
from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.benchmark import BenchmarkRequest, run_benchmark
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.request import MethodChoice


@pytest.fixture(scope="module")
def asked(make_trained_folder, write_test_volume, tmp_path_factory) -> BenchmarkRequest:
    """A small volume, a model of random weights, three methods, and a map of the user's own."""
    volume = write_test_volume((20, 18, 16))
    folder = tmp_path_factory.mktemp("benchmark")
    image = sitk.ReadImage(str(volume))
    mine = sitk.GetImageFromArray(np.random.default_rng(0).random(image.GetSize()[::-1]).astype(np.float32))
    mine.CopyInformation(image)
    sitk.WriteImage(mine, str(folder / "mine.nii.gz"))
    flat = sitk.Image(image.GetSize(), sitk.sitkFloat32)
    flat.CopyInformation(image)
    sitk.WriteImage(flat, str(folder / "flat.nii.gz"))
    case = Request(
        volume=volume,
        model=str(make_trained_folder()),
        output=folder / "out",
        method="seg-xres-cam",
        other_methods=(MethodChoice("supervoxel"), MethodChoice("smoothgrad")),
        step=1.0,
    )
    maps = (("mine", folder / "mine.nii.gz"), ("flat", folder / "flat.nii.gz"))
    return BenchmarkRequest(case=case, maps=maps, budget=6)


@pytest.fixture(scope="module")
def result(asked):
    return run_benchmark(asked)


def test_every_map_is_judged_on_every_axis(result):
    methods = {entry["name"]: entry for entry in result.body["methods"]}
    assert set(methods) == {
        *("mine", "flat", "seg-xres-cam@1", "supervoxel", "smoothgrad"),
        *("random", "intensity", "frangi", "prediction"),
    }
    for name, entry in methods.items():
        if name == "flat":
            continue
        assert len(entry["faithfulness"]["k"]) == len(entry["leakage"]["ratio"])
        assert (entry["robustness"] is None) == (name == "mine")
        assert entry["sanity"]["applicable"] == (name != "mine")
    steps = [entry["step"] for entry in methods["seg-xres-cam@1"]["sanity"]["parameter_randomisation"]]
    assert steps == ["head", "decoder", "deep encoder", "all"]
    assert set(methods["supervoxel"]["robustness"]) == {"noise", "brightness", "contrast", "blur", "flip"}


def test_what_knows_nothing_of_the_network_fails_the_gate(result):
    methods = {entry["name"]: entry for entry in result.body["methods"]}
    for name in ("random", "intensity", "frangi", "prediction"):
        assert methods[name]["sanity"]["passed"] is False
    ranks = {name: entry["rank"] for name, entry in methods.items() if entry["rank"] is not None}
    passed = [ranks[name] for name in ranks if methods[name]["sanity"]["passed"] is not False]
    failed = [ranks[name] for name in ranks if methods[name]["sanity"]["passed"] is False]
    assert max(passed) < min(failed)


def test_a_constant_map_is_not_applicable(result):
    flat = next(entry for entry in result.body["methods"] if entry["name"] == "flat")
    assert flat["constant"] and flat["rank"] is None and flat["faithfulness"] is None and flat["sanity"] is None
    assert [badge["name"] for badge in flat["badges"]] == ["constant"]


def test_methods_that_can_spend_more_get_the_same_budget(result):
    methods = {entry["name"]: entry for entry in result.body["methods"]}
    assert methods["smoothgrad"]["settings"]["samples"] == 2
    assert methods["supervoxel"]["settings"]["max_regions"] <= 6 * 8
    assert methods["supervoxel"]["settings"]["fill"] == "shell"
    assert {warning["code"] for warning in result.body["warnings"]} >= {"within_budget"}


def test_the_files_say_the_same(result, asked):
    body = json.loads((result.folder / "benchmark.json").read_text(), parse_constant=pytest.fail)
    assert body == json.loads(json.dumps(result.body))
    rows = list(csv.DictReader((result.folder / "benchmark.csv").open()))
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 9)] + [""]
    image = sitk.ReadImage(str(asked.case.volume))
    for name in ("seg-xres-cam@1", "frangi", "mine"):
        found = sitk.ReadImage(str(result.folder / "maps" / f"{name}.nii.gz"))
        assert found.GetSize() == image.GetSize()
        values = sitk.GetArrayFromImage(found)
        assert values.dtype == np.float32 and 0 <= values.min() <= values.max() <= 1
    assert not (result.folder / "maps" / "flat.nii.gz").exists()
    for name in ("faithfulness", "leakage", "robustness", "sanity", "cost"):
        assert (result.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert str(asked.case.volume.parent) not in (result.folder / "benchmark.json").read_text()


def test_the_same_seed_gives_the_same_numbers_and_the_models_weights_return(asked, result):
    model = load_model(asked.case.model)
    weights = {name: value.clone() for name, value in model.network.state_dict().items()}
    case = dataclasses.replace(asked.case, output=asked.case.output.parent / "again", other_methods=())
    again = run_benchmark(dataclasses.replace(asked, case=case), load=lambda *_args, **_options: model)
    first = {entry["name"]: entry["faithfulness"] for entry in result.body["methods"]}
    for entry in again.body["methods"]:
        if not entry["constant"]:
            for key in ("deletion", "insertion"):
                assert entry["faithfulness"][key] == pytest.approx(first[entry["name"]][key], rel=1e-4)
    assert all(torch.equal(value, weights[name]) for name, value in model.network.state_dict().items())


def test_maps_whose_names_make_the_same_file_name_keep_a_file_each(asked, tmp_path):
    case = dataclasses.replace(asked.case, output=tmp_path / "out", other_methods=())
    mine = asked.maps[0][1]
    run_benchmark(
        BenchmarkRequest(case=case, maps=(("a b", mine), ("A_b", mine), ("a/b", mine)), baselines=(), axes=())
    )
    names = {path.name for path in (tmp_path / "out" / "maps").iterdir()}
    assert names == {"a_b.nii.gz", "A_b-2.nii.gz", "a_b-3.nii.gz", "seg-xres-cam@1.nii.gz"}


def test_plots_and_maps_of_an_earlier_run_go_and_files_of_the_users_own_stay(asked, tmp_path):
    case = dataclasses.replace(asked.case, output=tmp_path / "out", other_methods=())
    (tmp_path / "out" / "maps").mkdir(parents=True)
    (tmp_path / "out" / "sanity.png").touch()
    request = BenchmarkRequest(case=case, baselines=(), axes=())
    run_benchmark(request)
    assert (tmp_path / "out" / "sanity.png").exists()  # there was no benchmark: it is the user's
    (tmp_path / "out" / "maps" / "older.nii.gz").touch()
    (tmp_path / "out" / "notes.txt").touch()
    run_benchmark(request)
    left = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    names = {"benchmark.json", "benchmark.csv", "faithfulness.png", "leakage.png", "cost.png", "notes.txt"}
    assert left == names | {"maps/seg-xres-cam@1.nii.gz"}


def test_the_terminal_names_the_best_first_and_what_each_map_earned(result):
    lines = summary(result).splitlines()
    assert "9 maps of vessel judged" in lines[0]
    assert [line.split()[0] for line in lines[2:11]] == ["1", "2", "3", "4", "5", "6", "7", "8", "n/a"]
    cam = next(line for line in lines if line.strip().startswith("seg-xres-cam@1:"))
    assert "better than random" in cam
    assert "benchmark.json" in lines[-1]


def test_nothing_is_left_where_nothing_is_predicted(asked, make_trained_folder, tmp_path):
    model = str(make_trained_folder(background_bias=100.0))
    case = dataclasses.replace(asked.case, model=model, output=tmp_path / "out")
    with pytest.raises(InputError, match="cannot be judged"):
        run_benchmark(dataclasses.replace(asked, case=case))
    assert not (tmp_path / "out").exists()


def test_a_map_on_another_grid_is_refused(asked, tmp_path):
    sitk.WriteImage(sitk.Image(5, 5, 5, sitk.sitkFloat32), str(tmp_path / "small.nii.gz"))
    case = dataclasses.replace(asked.case, output=tmp_path / "out")
    with pytest.raises(InputError, match="another grid"):
        run_benchmark(dataclasses.replace(asked, case=case, maps=(("small", tmp_path / "small.nii.gz"),)))


@pytest.mark.parametrize(
    "changes",
    [
        {"axes": ("beauty",)},
        {"fill": "zero"},
        {"budget": 1},
        {"seed": -1},
        {"baselines": ("noise",)},
        {"maps": (("random", "x.nii.gz"),)},
        {"maps": (("a", "x.nii.gz"), ("a", "y.nii.gz"))},
    ],
)
def test_what_cannot_be_asked_is_refused(asked, changes):
    with pytest.raises(UsageError):
        dataclasses.replace(asked, **changes)
