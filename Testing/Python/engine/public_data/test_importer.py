"""An import can be stopped, killed, continued and repeated, and what it leaves is what nnU-Net and `cohort` accept."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import pytest
from filelock import FileLock

from UMambaXAILogic.engine.cohort.manifest import read_manifest
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.public_data import RSNA, ImportSettings, TopCoW, import_data_set
from UMambaXAILogic.engine.unfinished import LOCK_NAME


@pytest.fixture
def out(tmp_path):
    """The output folder; not there yet."""
    return tmp_path / "out"


@pytest.fixture
def run(topcow, out):
    """Imports the miniature TopCoW release."""

    def run(reporter=None, **settings):
        return import_data_set(TopCoW(topcow.root, out), ImportSettings(out, **settings), reporter)

    return run


@pytest.fixture
def reads(monkeypatch):
    """The cases that were read, in order."""
    names = []
    original = TopCoW.read

    def read(self, candidate):
        names.append(candidate.case)
        return original(self, candidate)

    monkeypatch.setattr(TopCoW, "read", read)
    return names


def files_below(folder):
    """Relative names of all files but records."""
    return sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and ".import" not in p.parts
    )


def test_what_is_there_afterwards(topcow, run, out):
    topcow.add(1)
    run()
    raw = "nnUNet_raw/Dataset501_TopCoW_CT"
    assert files_below(out) == [
        "import.json",
        "manifest.csv",
        f"{raw}/dataset.json",
        f"{raw}/imagesTr/topcow_ct_001_0000.nii.gz",
        f"{raw}/labelsTr/topcow_ct_001.nii.gz",
        "regions/topcow_ct_001.nii.gz",
    ]
    text = (out / "manifest.csv").read_text()
    assert text.splitlines()[1] == (
        f"topcow_ct_001,{raw}/imagesTr/topcow_ct_001_0000.nii.gz,{raw}/labelsTr/topcow_ct_001.nii.gz,topcow-ct,"
        "regions/topcow_ct_001.nii.gz"
    )
    assert not read_manifest(out / "manifest.csv").warnings


def test_nnunet_accepts_the_raw_data_set(rsna, tmp_path, monkeypatch, capsys):
    from nnunetv2.experiment_planning import verify_dataset_integrity as module

    # nnU-Net starts processes, which takes longer than what they do here.
    threads = SimpleNamespace(get_context=lambda method: SimpleNamespace(Pool=ThreadPool))
    monkeypatch.setattr(module, "multiprocessing", threads)
    for number in range(3):
        rsna.add(number)
    result = import_data_set(RSNA(rsna.root), ImportSettings(tmp_path / "out", labels="multiclass"))
    module.verify_dataset_integrity(str(result.raw_folder), 1)
    said = capsys.readouterr().out
    assert "verify_dataset_integrity Done" in said and "Warning" not in said
    # It does look: a label that dataset.json lacks is found.
    dataset = json.loads((result.raw_folder / "dataset.json").read_text())
    dataset["labels"] = {name: value for name, value in dataset["labels"].items() if value < 5}
    (result.raw_folder / "dataset.json").write_text(json.dumps(dataset))
    with pytest.raises(RuntimeError, match="unexpected labels"):
        module.verify_dataset_integrity(str(result.raw_folder), 1)


def test_a_second_run_reads_nothing_again(topcow, run, reads, out):
    topcow.add(1)
    topcow.add(2)
    first = run()
    before = {name: (out / name).read_bytes() for name in files_below(out) if name != "import.json"}
    second = run()
    assert reads == ["topcow_ct_001", "topcow_ct_002"]
    assert second.content | {"created": ""} == first.content | {"created": ""}
    assert before == {name: (out / name).read_bytes() for name in files_below(out) if name != "import.json"}


def test_new_changed_damaged_and_vanished_cases(topcow, run, reads, out):
    for number in (1, 2, 3, 4):
        topcow.add(number)
    result = run()
    reads.clear()
    topcow.add(5)
    topcow.add(2, image=topcow.labels * 0 + 40)  # now its labels are no brighter than what is around them
    (out / result.content["cases"][2]["label"]).unlink()
    (topcow.root / "imagesTr" / "topcow_ct_004_0000.nii.gz").unlink()
    content = run().content
    assert reads == ["topcow_ct_002", "topcow_ct_003", "topcow_ct_005"]
    assert [case["case"] for case in content["cases"]] == ["topcow_ct_001", "topcow_ct_003", "topcow_ct_005"]
    assert {one["code"] for one in content["left_out"]} == {"labels_not_on_vessels", "no_image"}
    assert not [name for name in files_below(out) if "_002" in name or "_004" in name]
    assert len(read_manifest(out / "manifest.csv").cases) == 3
    assert json.loads((result.raw_folder / "dataset.json").read_text())["numTraining"] == 3


def test_cancelled_and_continued(topcow, run, reads, out):
    for number in (1, 2, 3):
        topcow.add(number)
    with pytest.raises(CancelledError):
        run(Reporter(lambda: len(reads) == 2))
    assert not (out / "manifest.csv").exists() and not (out / "import.json").exists()
    assert not list(out.rglob("*.part")) and not (out / LOCK_NAME).exists()
    run()
    assert reads == ["topcow_ct_001", "topcow_ct_002", "topcow_ct_003"]
    assert len(read_manifest(out / "manifest.csv").cases) == 3


def test_killed_while_writing(topcow, run, reads, monkeypatch, out):
    topcow.add(1)

    class Killed(BaseException):
        pass

    def kill(array, path, *, like):
        if "regions" in str(path):
            (path.parent / f".{path.name}.abc.part").write_bytes(b"half")
            raise Killed

    monkeypatch.setattr("UMambaXAILogic.engine.public_data.importer.write_volume", kill)
    with pytest.raises(Killed):
        run()
    monkeypatch.undo()
    content = run().content
    assert content["counts"]["taken"] == 1 and not list(out.rglob("*.part"))


def test_killed_and_then_left_out(topcow, run, monkeypatch, out):
    """nnU-Net would take an image without labels for a training case."""
    topcow.add(1)
    topcow.add(2)

    class Killed(BaseException):
        pass

    def kill(*_, like):
        raise Killed

    monkeypatch.setattr("UMambaXAILogic.engine.public_data.importer.write_volume", kill)
    with pytest.raises(Killed):
        run()
    monkeypatch.undo()
    assert [name for name in files_below(out) if "_001" in name]
    topcow.add(1, box="")
    result = run()
    assert not [name for name in files_below(out) if "_001" in name]
    assert json.loads((result.raw_folder / "dataset.json").read_text())["numTraining"] == 1


def test_progress_is_told(topcow, run):
    told = []

    class Listener(Reporter):
        def progress(self, fraction):
            told.append(fraction)

    for number in (1, 2, 3, 4):
        topcow.add(number)
    run(Listener())
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_other_settings_need_another_folder(topcow, run, out):
    topcow.add(1)
    run()
    with pytest.raises(UsageError, match="labels was 'binary' and is 'multiclass'"):
        run(labels="multiclass")


def test_folders_that_are_not_its_own_are_left_alone(topcow, run, out):
    topcow.add(1)
    out.mkdir()
    (out / "thesis.docx").write_text("")
    with pytest.raises(UsageError, match="thesis.docx"):
        run()
    assert files_below(out) == ["thesis.docx"]
    with pytest.raises(UsageError, match="inside the release"):
        import_data_set(TopCoW(topcow.root, out), ImportSettings(topcow.root / "out"))
    with pytest.raises(UsageError, match="is a file"):
        import_data_set(TopCoW(topcow.root, out), ImportSettings(out / "thesis.docx"))


def test_two_runs_do_not_share_a_folder(topcow, run, out):
    topcow.add(1)
    out.mkdir()
    with FileLock(out / LOCK_NAME), pytest.raises(UsageError, match="Another run"):
        run()


def test_a_full_disk_is_noticed_before_anything_is_read(rsna, tmp_path, monkeypatch):
    rsna.add(1)
    usage = namedtuple("usage", "total used free")(10**12, 10**12, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(RSNA, "read", lambda *_: pytest.fail("read"))
    with pytest.raises(UsageError, match="The 1 cases to import need about 0.002.* GB"):
        import_data_set(RSNA(rsna.root), ImportSettings(tmp_path / "out"))


def test_held_out_cases_are_no_training_cases(topcow, run, out):
    for number in range(1, 13):
        topcow.add(number)
    result = run(hold_out=0.5)
    everyone = {case.case for case in read_manifest(result.manifest).cases}
    held_out = {case.case for case in read_manifest(result.held_out_manifest).cases}
    training = {path.name.removesuffix("_0000.nii.gz") for path in (result.raw_folder / "imagesTr").iterdir()}
    assert 2 <= len(held_out) <= 10 and held_out | training == everyone and not held_out & training
    assert {path.name.removesuffix(".nii.gz") for path in (result.raw_folder / "labelsTs").iterdir()} == held_out
    assert json.loads((result.raw_folder / "dataset.json").read_text())["numTraining"] == len(training)
    assert result.content["counts"]["held_out"] == len(held_out)


def test_the_share_that_is_held_out():
    settings = ImportSettings(None, hold_out=0.2)
    names = [f"rsna_{number:08x}" for number in range(4000)]
    share = sum(settings.is_held_out(name) for name in names) / len(names)
    assert share == pytest.approx(0.2, abs=0.02)  # three standard deviations
    assert not any(ImportSettings(None).is_held_out(name) for name in names)
    more = ImportSettings(None, hold_out=0.4)
    assert all(more.is_held_out(name) for name in names if settings.is_held_out(name))


def test_nothing_taken_is_an_error_with_a_report(topcow, run, out):
    topcow.add(1, box="")
    with pytest.raises(InputError, match=r"None of the 1 cases .*\(1 box_unreadable\)"):
        run()
    assert json.loads((out / "import.json").read_text())["counts"]["taken"] == 0
    assert not (out / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"labels": "vessels"}, "binary or multiclass"),
        ({"dataset_id": 0}, "between 1 and 999"),
        ({"hold_out": 1.0}, "0 to below 1"),
        ({"hold_out": float("nan")}, "0 to below 1"),
    ],
)
def test_settings_are_checked(settings, complaint):
    with pytest.raises(UsageError, match=complaint):
        ImportSettings(None, **settings)
