"""``slicer.ScriptedLoadableModule``: the base classes of a scripted module, as far as the module uses them."""

from __future__ import annotations

import os
import unittest

import application
import slicer


class ScriptedLoadableModule:
    """What the application shows about a module."""

    def __init__(self, parent) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__


class ScriptedLoadableModuleWidget:
    """The panel's base class."""

    def __init__(self, parent=None) -> None:
        assert parent is not None, "the stand-in opens modules the way the application does, with a parent"
        super().__init__()
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        self.parent = parent
        self.layout = parent.layout()

    def resourcePath(self, name: str) -> str:
        return os.path.join(os.path.dirname(slicer.util.modulePath(self.moduleName)), "Resources", name)

    def setup(self) -> None:
        """No developer section here."""

    def cleanup(self) -> None:
        """Overridden."""

    def onReload(self) -> None:
        application.reload_module(self.moduleName)


class ScriptedLoadableModuleLogic:
    """Owns the parameter node."""

    def __init__(self) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self):
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetName(self.moduleName)
            node = scene.AddNode(node)
        node.SetAttribute("ModuleName", self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The self-test's base class."""

    def delayDisplay(self, message: str, requestedDelay: int | None = None, msec: int | None = None) -> None:
        print(message)

    def runTest(self) -> None:
        """Everything that has "test" in its name; where one fails, the others and ``tearDown`` are left out."""
        self.setUpClass()
        for name in [name for name in dir(self) if "test" in name and callable(getattr(self, name))]:
            self.setUp()
            getattr(self, name)()
            self.tearDown()
        self.tearDownClass()
