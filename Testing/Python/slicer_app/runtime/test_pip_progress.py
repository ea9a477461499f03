"""How far pip is, from its lines and its temporary files."""

from __future__ import annotations

from pathlib import Path

import pytest

from UMambaXAILogic.slicer_app.runtime.pip_progress import PipProgress


@pytest.fixture
def heard() -> list[tuple]:
    return []


@pytest.fixture
def progress(tmp_path: Path, heard) -> PipProgress:
    downloads = {"torch": 500_000_000, "nibabel": 3_000_000, "future": 500_000}
    return PipProgress(lambda kind, **fields: heard.append((kind, fields)), tmp_path, downloads)


def steps(heard) -> list[tuple]:
    return [tuple(fields.values()) for kind, fields in heard if kind == "step"]


def fractions(heard) -> list[float]:
    return [fields["fraction"] for kind, fields in heard if kind == "progress"]


def test_a_download_is_followed_by_the_size_of_its_file(progress, heard, tmp_path):
    (tmp_path / "pip-unpack-x1").mkdir()
    file = tmp_path / "pip-unpack-x1" / "torch-2.13.0+cpu-cp312-cp312-linux.whl"
    progress.take_line("Collecting torch==2.13.0 (from -c pins.txt (line 3))")
    progress.take_line("  Downloading torch-2.13.0%2Bcpu-cp312-cp312-linux.whl.metadata (31 kB)")
    assert heard == []
    progress.take_line("  Downloading https://x.org/whl/cpu/torch-2.13.0%2Bcpu-cp312-cp312-linux.whl (480.5 MB)")
    file.write_bytes(b"0" * 1000)
    progress.look()
    file.write_bytes(b"0" * 250_000)
    progress.look()
    progress.look()  # nothing new
    assert steps(heard) == [
        ("download", "torch", 1, 3, 0, 480_500_000),
        ("download", "torch", 1, 3, 1000, 480_500_000),
        ("download", "torch", 1, 3, 250_000, 480_500_000),
    ]
    progress.take_line("Downloading nibabel-5.4.2-py3-none-any.whl (3.0 MB)")
    assert steps(heard)[-1] == ("download", "nibabel", 2, 3, 0, 3_000_000)
    assert fractions(heard)[-1] == pytest.approx(500 / 503.5)
    assert fractions(heard) == sorted(fractions(heard))


def test_sources_builds_and_local_files_are_named(progress, heard):
    progress.take_line("  Downloading future-1.0.0.tar.gz (491 kB)")
    progress.take_line("  Building wheel for future (pyproject.toml): started")
    progress.take_line("Processing /wheels/nibabel-5.4.2-py3-none-any.whl (from -r x)")
    assert [step[:2] for step in steps(heard)] == [("download", "future"), ("build", "future"), ("collect", "nibabel")]


def test_unpacking_is_counted_by_what_is_complete(progress, heard, tmp_path):
    progress.take_line("Installing collected packages: mpmath, torch, scikit_image")
    place = tmp_path / "pip-target-y" / "lib" / "python"
    for name in ("mpmath-1.3.0.dist-info", "torch-2.13.0.dist-info"):
        (place / name).mkdir(parents=True)
        (place / name / "RECORD").write_text("")
        progress.look()
    assert ("stage", {"name": "install"}) in heard
    assert [step[:4] for step in steps(heard)] == [
        ("unpack", "mpmath", 1, 3),
        ("unpack", "torch", 2, 3),
        ("unpack", "scikit-image", 3, 3),
    ]
    assert fractions(heard) == pytest.approx([0, 1 / 3, 2 / 3])
    (place / "mpmath-1.3.0.dist-info" / "RECORD").unlink()  # pip moves what it has unpacked to its place
    progress.look()
    assert fractions(heard)[-1] == pytest.approx(2 / 3)


def test_more_packages_than_expected_do_not_become_four_of_three(progress, heard):
    for name in ("a", "b", "c", "d"):
        progress.take_line(f"  Downloading {name}-1.0-py3-none-any.whl (3.0 MB)")
    assert [step[2:4] for step in steps(heard)] == [(1, 3), (2, 3), (3, 3), (4, None)]


@pytest.mark.parametrize(
    "line", ["Processing ", "Processing ./", "  Downloading", "  Downloading x (many)", "Building wheel for"]
)
def test_no_line_of_pip_can_stop_an_installation(line, progress):
    progress.take_line(line)
    progress.look()
