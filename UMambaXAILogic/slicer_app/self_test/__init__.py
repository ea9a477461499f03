"""The module's self-test: run in a real Slicer, and in the stand-in for it that the test suite brings.

``panel_self_test.PanelSelfTest`` holds the tests, ``surroundings`` what they find and leave behind, ``stand_in_worker``
computes for them in any Slicer, without packages.
"""
