"""The module's self-test passes here as it does in Slicer, whichever way it is started."""

from __future__ import annotations

import sys
import unittest

import slicer


def test_as_slicers_unit_test_runner_starts_it(opened):
    suite = unittest.defaultTestLoader.loadTestsFromName("UMambaXAI")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    assert result.wasSuccessful()
    assert [reason for _, reason in result.skipped] == ["the packages are not installed: the demo model was NOT run"]
    # The base class is in the module's namespace too, as it is in every module's.
    assert result.testsRun == 1 + len([name for name in dir(sys.modules["UMambaXAI"].UMambaXAITest) if "test_" in name])
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_as_the_test_button_starts_it_failures_end_it(opened, monkeypatch):
    kind = sys.modules["UMambaXAI"].UMambaXAITest
    for name in [name for name in dir(kind) if "test_" in name]:
        monkeypatch.setattr(kind, name, lambda self: None)
    kind().runTest(msec=100)
    monkeypatch.setattr(kind, "test_demoModelRuns", lambda self: self.fail("on purpose"))
    try:
        kind().runTest(msec=100)
    except AssertionError as error:
        assert "see the lines above" in str(error)
    else:
        raise AssertionError("the failure was lost")
