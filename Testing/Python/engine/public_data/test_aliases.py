"""Names without identifiers, and texts without identifiers and paths."""

from __future__ import annotations

import hashlib
from pathlib import Path

from UMambaXAILogic.engine.public_data.aliases import hashed_names, public_text

UID = "1.2.826.0.1.3680043.8.498.10004044428023505108375152878107656647"


def test_a_name_is_the_beginning_of_a_hash():
    assert hashed_names([UID], "rsna") == {UID: "rsna_" + hashlib.sha256(UID.encode()).hexdigest()[:8]}


def test_names_grow_until_they_differ(monkeypatch):
    class Hash:
        def __init__(self, data):
            self.data = data

        def hexdigest(self):
            return {b"a": "0123456789abcdef", b"b": "0123456789abXdef", b"c": "ff23456789abcdef"}[self.data]

    monkeypatch.setattr(hashlib, "sha256", Hash)
    assert hashed_names("abc", "x") == {"a": "x_0123456789abc", "b": "x_0123456789abX", "c": "x_ff23456789abc"}


def test_texts_lose_identifiers_and_paths_but_no_numbers():
    root = Path("/data/rsna")
    text = (
        f"The DICOM series {UID} in /data/rsna/series/{UID} has a distance of 0.625 mm at 12.5.3; the odd one is "
        f"{UID}.17.dcm, version 1.2.3."
    )
    public = public_text(text, root, {UID: "rsna_c0ffee00"})
    assert public.startswith(
        "The DICOM series rsna_c0ffee00 in series/rsna_c0ffee00 has a distance of 0.625 mm at 12.5.3"
    )
    assert public.endswith(".dcm, version 1.2.3.") and "1.2.826" not in public and "the odd one is uid_" in public
