"""The Slicer module: what is clicked. What is computed lives in the package ``UMambaXAILogic`` beside it."""

import importlib.util
import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

if importlib.util.find_spec("UMambaXAILogic") is None:  # installed, it lies beside this file
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # a checkout given as additional module path

from UMambaXAILogic.slicer_app.self_test.panel_self_test import PanelSelfTest

HOMEPAGE = "https://github.com/UMambaXAI/SlicerUMambaXAI"
PAPER = "https://arxiv.org/abs/2512.13977"


def onStartupCompleted():
    """Make the layouts known, for scenes that were saved in them, and offer the sample cases."""
    from UMambaXAILogic.scene.comparison.layout_description import register_comparison_layout
    from UMambaXAILogic.scene.result_layout_description import register_layouts
    from UMambaXAILogic.slicer_app.sample_data import register_sample_data

    register_layouts(slicer.mrmlScene)
    register_comparison_layout(slicer.mrmlScene)
    register_sample_data()


class UMambaXAI(ScriptedLoadableModule):
    """What the application shows about the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "UMambaXAI"
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "Volumes", "VolumeRendering", "Markups", "SubjectHierarchy"]
        parent.contributors = ["UMambaXAI contributors"]
        parent.helpText = "\n".join(f"<p>{paragraph}</p>" for paragraph in helpParagraphs())
        parent.acknowledgementText = "\n".join(f"<p>{paragraph}</p>" for paragraph in acknowledgements())
        slicer.app.connect("startupCompleted()", onStartupCompleted)


def helpParagraphs():
    """What the module is for, how to see it at once, and where to read on."""
    return [
        _(
            "Segments vessels in CT and MR angiograms with U-Mamba, shows what the network attended to, and measures "
            "both against a ground truth."
        ),
        _("To see it without any file of your own: <b>Try it</b>, then <b>Segment &amp; Explain</b>."),
        _("<a href='{tutorial}'>Tutorial</a>, <a href='{home}'>home page and source code</a>.").format(
            tutorial=f"{HOMEPAGE}/blob/main/Documentation/tutorial.md", home=HOMEPAGE
        ),
        _("<b>For research use only.</b> Not a medical device. The demo model was trained on computer-made phantoms."),
    ]


def acknowledgements():
    """Whose work this builds on."""
    return [
        _(
            "Framework: <a href='{paper}'>XAI-driven diagnosis of generalization failure</a> (Abuzeid, El-Bana, "
            "Al-Kabbany 2025)."
        ).format(paper=PAPER),
        _(
            "Networks: U-Mamba (Ma, Li, Wang 2024) on nnU-Net (Isensee et al. 2021). Explanation: Seg-XRes-CAM "
            "(Hasany, Petitjean, Meriaudeau 2023) and Seg-Grad-CAM (Vinogradova, Dibrov, Myers 2020)."
        ),
        _("Please cite what you use; the entries are in the README."),
    ]


class UMambaXAIWidget(ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    """Where the application and the panel meet; the panel itself is ``UMambaXAILogic.slicer_app.panel``."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        slicer.util.VTKObservationMixin.__init__(self)
        self.panel = None
        self._entered = False

    def setup(self):
        """Build the panel. Called once, when the module is opened for the first time."""
        from UMambaXAILogic.logic import UMambaXAILogic
        from UMambaXAILogic.slicer_app.panel.panel import Panel
        from UMambaXAILogic.slicer_app.panel.services import make_services

        ScriptedLoadableModuleWidget.setup(self)
        self._entered = self.parent.isEntered  # after a reload: nobody calls enter again
        self.panel = Panel(self.layout, self.uiPath, make_services(UMambaXAILogic()))
        self.layout.addStretch(1)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.panel.follow_scene()

    def uiPath(self, name):
        """Path of a .ui file."""
        return self.resourcePath(f"UI/{name}")

    def cleanup(self):
        """The module is about to go."""
        self.removeObservers()
        if self.panel is not None:
            self.panel.remove()

    def enter(self):
        """The user opens the module."""
        self._entered = True
        self.panel.follow_scene()

    def exit(self):
        """The user opens another module."""
        self._entered = False
        self.panel.leave_scene()

    def onSceneStartClose(self, caller, event):
        """Nodes are about to go: nothing may hold on to them."""
        self.panel.leave_scene()
        self.panel.controller.forget()

    def onSceneEndClose(self, caller, event):
        """The new, empty scene needs its own parameters if the panel is in sight."""
        if self._entered:
            self.panel.follow_scene()

    def onSceneEndImport(self, caller, event):
        """The nodes that loaded parameters name are there only now, and the parameters do not say so themselves."""
        if self._entered:
            self.panel.follow_scene()

    def onReload(self):
        """Reload this module and the package behind it (developer mode)."""
        for name in [name for name in sys.modules if name.split(".")[0] == "UMambaXAILogic"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class UMambaXAITest(PanelSelfTest, ScriptedLoadableModuleTest):
    """Runs inside the application, and in the stand-in for it that the test suite brings."""

    def make_logic(self, environment=None):
        """What the panel works with."""
        from UMambaXAILogic.logic import UMambaXAILogic

        return UMambaXAILogic(environment=environment)
