"""Puts ``qt``, ``ctk`` and the application's half of ``slicer`` together: just enough Slicer for the panel."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import slicer
from PySide6 import QtCore, QtWidgets
from result_views import PlotWidget, TableWidget
from subject_hierarchy import SubjectHierarchyLogic

STANDINS = Path(__file__).resolve().parent


class qSlicerScriptedLoadableModuleWidget:
    """How the application holds a panel."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def self(self):
        return self._module.widget


class _ModuleManager(QtCore.QObject):
    moduleAboutToBeUnloaded = QtCore.Signal(str)

    def module(self, name: str):
        return getattr(slicer.modules, name.lower(), None)


class _LayoutManager(QtCore.QObject):
    """Remembers the layout."""

    def __init__(self, parent, slice_logics) -> None:
        super().__init__(parent)
        self._slice_logics = slice_logics
        self._layout = 0
        self._plots: list[QtWidgets.QWidget] = []
        self._tables: list[QtWidgets.QWidget] = []

    def setLayout(self, layout: int) -> None:
        self._layout = layout

    layout = QtCore.Property(int, lambda self: self._layout, setLayout)
    threeDViewCount = QtCore.Property(int, lambda self: 0)
    plotViewCount = QtCore.Property(int, lambda self: len(self._plots))
    tableViewCount = QtCore.Property(int, lambda self: len(self._tables))

    def show_result_views(self) -> None:
        """What the application does when a layout with a plot and a table comes: make their widgets, once."""
        if not self._plots:
            self._plots, self._tables = [PlotWidget()], [TableWidget()]

    def mrmlSliceLogics(self):
        return self._slice_logics

    def plotWidget(self, index: int) -> QtWidgets.QWidget:
        return self._plots[index]

    def tableWidget(self, index: int) -> QtWidgets.QWidget:
        return self._tables[index]


class _Application(QtWidgets.QApplication):
    startupCompleted = QtCore.Signal()

    def __init__(self, application_logic) -> None:
        super().__init__(["Slicer"])
        self._modules = _ModuleManager(self)
        self._layouts = _LayoutManager(self, application_logic.GetSliceLogics())
        self._logic = application_logic

    def applicationLogic(self):
        return self._logic

    def layoutManager(self) -> _LayoutManager:
        return self._layouts

    def testingEnabled(self) -> bool:
        return True

    def moduleManager(self) -> _ModuleManager:
        return self._modules

    def startupEnvironment(self) -> QtCore.QProcessEnvironment:
        return QtCore.QProcessEnvironment.systemEnvironment()


class _LogicModule:
    """A module of the application that only its logic is used of."""

    def __init__(self, logic) -> None:
        self._logic = logic

    def logic(self):
        return self._logic


class Module:
    """What a module's ``parent`` is: a fixed set of attributes."""

    __slots__ = (
        "acknowledgementText",
        "categories",
        "contributors",
        "dependencies",
        "helpText",
        "hidden",
        "icon",
        "path",
        "title",
        "widget",
    )

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.widget = None

    def widgetRepresentation(self):
        return qSlicerScriptedLoadableModuleWidget(self)


def install(settings_folder: Path, application_logic) -> None:
    """Make ``import qt``, ``import ctk``, ``slicer.app`` and the rest work in this process, once.

    Args:
        application_logic: the real one, of the scene.
    """
    import qt
    import widgets

    QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
    QtCore.QSettings.setPath(QtCore.QSettings.Format.IniFormat, QtCore.QSettings.Scope.UserScope, str(settings_folder))
    QtCore.QStandardPaths.setTestModeEnabled(True)
    slicer.app = qt.wrap(_Application(application_logic))
    QtWidgets.QApplication.setOrganizationName("stand-in")
    QtWidgets.QApplication.setApplicationName("Slicer")
    classes = {kind.__name__: qt.register(kind) for kind in widgets.WIDGETS}
    sys.modules["ctk"] = _module("ctk", {name: kind for name, kind in classes.items() if name.startswith("ctk")})
    for name, kind in classes.items():
        if name.startswith("q"):
            setattr(slicer, name, kind)
    slicer.modules = types.SimpleNamespace(
        volumerendering=_LogicModule(application_logic.GetModuleLogic("VolumeRendering"))
    )
    slicer.qSlicerScriptedLoadableModuleWidget = qSlicerScriptedLoadableModuleWidget
    SubjectHierarchyLogic(slicer.mrmlScene)
    import parameter_node
    import scripted_module

    _as_submodule("parameterNodeWrapper", parameter_node)
    _as_submodule("ScriptedLoadableModule", scripted_module)
    _as_submodule("i18n", _module("i18n", {"tr": lambda text: text, "translate": lambda context, text: text}))


def open_module(name: str, folder: Path):
    """Load a scripted module and open its panel as the application does; returns the widget."""
    import qt

    sys.path.insert(0, str(folder))
    loaded = __import__(name)
    module = Module(folder / f"{name}.py")
    setattr(slicer.modules, name.lower(), module)
    getattr(loaded, name)(module)
    parent = slicer.qSlicerAbstractModuleWidget()
    parent.setLayout(qt.QVBoxLayout())
    parent.setMRMLScene(slicer.mrmlScene)
    module.widget = getattr(loaded, f"{name}Widget")(parent)
    module.widget.setup()
    parent.isEntered = True
    module.widget.enter()
    return module.widget


def reload_module(name: str):
    """What the developer's Reload button does, in this order: the new source is run, the old widget leaves, and a new
    one is set up in the same place, which nobody enters. What the old one made is hidden, not deleted.
    """
    module = getattr(slicer.modules, name.lower())
    parent = module.widget.parent
    spec = importlib.util.spec_from_file_location(name, module.path)
    sys.modules[name] = loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    for child in parent.children():
        if hasattr(child, "hide"):
            child.hide()
    module.widget.cleanup()
    layout = parent.layout()
    for item in [layout.itemAt(index) for index in range(layout.count())]:
        layout.removeItem(item)
    module.widget = getattr(loaded, f"{name}Widget")(parent)
    module.widget.setup()
    return module.widget


def _module(name: str, content: dict) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(content)
    return module


def _as_submodule(name: str, module: types.ModuleType) -> None:
    sys.modules[f"slicer.{name}"] = module
    setattr(slicer, name, module)
