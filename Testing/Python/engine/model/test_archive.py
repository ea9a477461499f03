"""Exported zips are unpacked without trusting them."""

from __future__ import annotations

import stat
import zipfile

import pytest

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.archive import unpack_model


@pytest.fixture
def destination(tmp_path):
    folder = tmp_path / "inside" / "destination"
    folder.mkdir(parents=True)
    return folder


def write_zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_plans_labels_and_checkpoints_are_unpacked_and_nothing_else(tmp_path, destination):
    root = "Dataset001_X/T__P__3d_fullres"
    entries = {f"{root}/{name}": b"x" for name in ("plans.json", "fold_0/checkpoint_final.pth", "fold_0/progress.png")}
    unpack_model(write_zip(tmp_path / "m.zip", entries), destination)
    found = {str(path.relative_to(destination)) for path in destination.rglob("*") if path.is_file()}
    assert found == {f"{root}/plans.json", f"{root}/fold_0/checkpoint_final.pth"}


@pytest.mark.parametrize("name", ["../evil.json", "a/../../evil.json", "/evil.json", "..\\evil.json", "C:\\evil.json"])
def test_an_entry_outside_the_archive_is_refused(tmp_path, destination, name):
    with pytest.raises(ModelError, match="points outside"):
        unpack_model(write_zip(tmp_path / "m.zip", {"plans.json": b"{}", name: b"{}"}), destination)
    assert not list(tmp_path.rglob("evil.json"))
    assert not list(destination.iterdir())


def test_a_link_is_refused(tmp_path, destination):
    link = zipfile.ZipInfo("plans.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ModelError, match="is a link"):
        unpack_model(write_zip(tmp_path / "m.zip", {link: b"/etc/passwd"}), destination)


def test_a_bomb_is_refused_before_it_unpacks(tmp_path, destination, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.model.archive.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(ModelError, match="would unpack to"):
        unpack_model(write_zip(tmp_path / "m.zip", {"a.pth": bytes(600), "b.pth": bytes(600)}), destination)
    assert not list(destination.iterdir())


@pytest.mark.parametrize("damage", [lambda content: content[:-40], lambda content: b"no zip at all"])
def test_a_damaged_file_is_refused(tmp_path, destination, damage):
    path = write_zip(tmp_path / "m.zip", {"plans.json": b"{}"})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError, match="not an intact zip"):
        unpack_model(path, destination)


def test_content_that_does_not_match_its_checksum_is_refused(tmp_path, destination):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("plans.json", b"0123456789")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456780"))
    with pytest.raises(ModelError, match="not an intact zip.*CRC"):
        unpack_model(path, destination)
