"""Slicer's application around real MRML: what `slicer.app`, `slicer.modules` and the base classes are for a module.

`Host.start` joins slicer-core's MRML with PySide6. Slicer's pure-Python files come from the folder that the
variable CTENHANCE_SLICER_PYTHON names (a checkout's Base/Python/slicer), else from `standins/`.
`Host.stop` leaves the interpreter as it was, so that other tests see slicer-core as it is.
"""

# ruff: noqa: N815 - the names are Qt's and Slicer's

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
MODULE_FOLDER = HERE.parent.parent / "CTEnhance"
VARIABLE = "CTENHANCE_SLICER_PYTHON"
_OURS = ("qt", "ctk", "pythonqt", "mrml_widgets", "CTEnhance", "CTEnhanceLib.panel", "SampleData")
_SLICERS = ("slicer.ScriptedLoadableModule", "slicer.parameterNodeWrapper", "slicer.i18n", "slicer.packaging")


class Host:
    """A running application; one at a time."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.answers: dict[str, bool] = {"confirmOkCancelDisplay": True, "confirmYesNoDisplay": True}
        self._slicer_before: dict[str, Any] = {}
        self._slicer_path: list[str] = []

    @property
    def slicers_own_files(self) -> str | None:
        """Folder of Slicer's own Python files, when one is named."""
        return os.environ.get(VARIABLE) or None

    def start(self) -> Host:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        sys.path[:0] = [str(HERE), str(MODULE_FOLDER)]
        import qt

        self.application = qt.QApplication.instance() or qt.QApplication(["Slicer"])
        self.application.setStyle("Fusion")
        self._keep_settings_apart(qt)
        import slicer
        import slicer.util

        self._slicer_before = dict(vars(slicer))
        self._slicer_path = list(slicer.__path__)
        slicer.__path__.append(self.slicers_own_files or str(HERE / "standins"))
        slicer.mrmlScene = slicer.vtkMRMLScene()
        self._install_widgets(slicer, qt)
        slicer.app = _make_application(qt)
        slicer.modules = types.SimpleNamespace()
        slicer.moduleNames = types.SimpleNamespace()
        self._catch_messages(slicer.util)
        sys.modules["SampleData"] = _sample_data_module(slicer)
        return self

    def stop(self) -> None:
        import slicer

        self._settings_folder.cleanup()
        for name in set(vars(slicer)) - set(self._slicer_before):
            delattr(slicer, name)
        slicer.__path__[:] = self._slicer_path
        for name, value in self._util_before.items():
            setattr(slicer.util, name, value)
        doomed = [n for n in sys.modules if any(n == o or n.startswith(f"{o}.") for o in (*_OURS, *_SLICERS))]
        for name in doomed:
            del sys.modules[name]
        for path in (str(HERE), str(MODULE_FOLDER)):
            sys.path.remove(path)

    def open_module(self, name: str = "CTEnhance") -> Any:
        """Load a scripted module as Slicer does and return its entered widget."""
        import slicer

        path = MODULE_FOLDER / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        sys.modules[name] = module
        spec.loader.exec_module(module)  # type: ignore[union-attr]
        parent = types.SimpleNamespace(path=str(path))
        instance = getattr(module, name)(parent)
        parent.widgetRepresentation = lambda: self.panel
        setattr(slicer.modules, name.lower(), parent)
        self._make_panel(name)
        widget = getattr(slicer.modules, f"{name}Widget")
        widget.module = instance
        self.enter(widget)
        return widget

    def _make_panel(self, name: str) -> None:
        import qt
        import slicer

        self.panel = slicer.qSlicerScriptedLoadableModuleWidget()
        qt.QVBoxLayout(self.panel)

        def build() -> None:
            widget = getattr(sys.modules[name], f"{name}Widget")(self.panel)
            setattr(slicer.modules, f"{name}Widget", widget)
            self.panel.module_widget = widget
            widget.setup()

        self.panel.reload = build
        build()

    def enter(self, widget: Any) -> None:
        self.panel.isEntered = True
        widget.enter()

    def leave(self, widget: Any) -> None:
        self.panel.isEntered = False
        widget.exit()

    def wait(self, until: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Turn the event loop until something is true or time is up; True when it became true."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            self.application.processEvents()
            time.sleep(0.002)
        return until()

    def dark(self, on: bool = True) -> None:
        """Give the application a dark (or its light) palette, as Slicer's dark style does."""
        import qt

        palette = qt.QPalette()
        colours = (
            ("#2d2d2d", "#e6e6e6", "#1f1f1f", "#383838", "#5a5a5a")
            if on
            else ("#efefef", "#1a1a1a", "#ffffff", "#e9e9e9", "#b4b4b4")
        )
        window, text, base, button, mid = map(qt.QColor, colours)
        for roles, colour in (
            (("Window",), window),
            (("WindowText", "Text", "ButtonText", "ToolTipText"), text),
            (("Base", "ToolTipBase"), base),
            (("Button", "AlternateBase"), button),
            (("Mid",), mid),
            (("Highlight",), qt.QColor("#2f6fb2")),
            (("HighlightedText",), qt.QColor("#ffffff")),
            (("PlaceholderText",), qt.QColor("#8c8c8c")),
        ):
            for role in roles:
                palette.setColor(getattr(qt.QPalette, role), colour)
        for role in ("WindowText", "Text", "ButtonText"):
            palette.setColor(qt.QPalette.Disabled, getattr(qt.QPalette, role), qt.QColor("#8c8c8c"))
        self.application.setPalette(palette)
        import slicer

        slicer.app.paletteChanged.emit(palette)

    def _keep_settings_apart(self, qt: Any) -> None:
        """Settings of a test are nobody's settings."""
        self._settings_folder = tempfile.TemporaryDirectory()
        qt.QCoreApplication.setOrganizationName("CTEnhance")
        qt.QCoreApplication.setApplicationName("host")
        qt.QSettings.setDefaultFormat(qt.QSettings.IniFormat)
        qt.QSettings.setPath(qt.QSettings.IniFormat, qt.QSettings.UserScope, self._settings_folder.name)

    def _install_widgets(self, slicer: Any, qt: Any) -> None:
        import ctk
        import mrml_widgets

        for kind in mrml_widgets.WIDGETS:
            setattr(slicer, kind.__name__, kind)
            qt.register_custom_widget(kind)
        for name in dir(ctk):
            if name.startswith("ctk"):
                qt.register_custom_widget(getattr(ctk, name))

    def _catch_messages(self, util: Any) -> None:
        """Dialogs would wait for a user: keep what they say, and answer as told in `answers`."""
        kinds = ("errorDisplay", "warningDisplay", "infoDisplay", "delayDisplay", *self.answers)
        self._util_before = {name: getattr(util, name) for name in kinds}
        for name in kinds:

            def say(text: str, *_: Any, kind: str = name, **__: Any) -> Any:
                self.messages.append((kind, text))
                return self.answers.get(kind)

            setattr(util, name, say)


def _make_application(qt: Any) -> Any:
    from pythonqt import dress

    class ModuleManager(dress(qt.QObject)):  # type: ignore[misc]
        moduleAboutToBeUnloaded = qt.Signal(str)

    class Application(dress(qt.QObject)):  # type: ignore[misc]
        """What modules ask of ``slicer.app``."""

        startupCompleted = qt.Signal()
        aboutToQuit = qt.Signal()
        paletteChanged = qt.Signal(object)
        applicationName = "Slicer"
        applicationVersion = "5.13.0"
        majorVersion, minorVersion = 5, 13
        documentationBaseUrl = ""

        def __init__(self) -> None:
            super().__init__()
            self._modules = ModuleManager()
            self.temporaryPath = os.environ.get("TMPDIR", "/tmp")

        def moduleManager(self) -> Any:
            return self._modules

        def layoutManager(self) -> None:
            return None

        def topLevelWidgets(self) -> list:
            return qt.QApplication.topLevelWidgets()

        def palette(self) -> Any:
            return qt.QApplication.palette()

        def clipboard(self) -> Any:
            return qt.QApplication.clipboard()

        def moduleDocumentationUrl(self, name: str) -> str:
            return ""

        def translate(self, context: str, text: str) -> str:
            return text

        def testingEnabled(self) -> bool:
            return True

        def processEvents(self) -> None:
            qt.QApplication.processEvents()

        def userSettings(self) -> Any:
            return qt.QSettings()

        def setOverrideCursor(self, cursor: Any) -> None:
            pass

        def restoreOverrideCursor(self) -> None:
            pass

    return Application()


def _sample_data_module(slicer: Any) -> types.ModuleType:
    """Slicer's Sample Data module, as far as registering goes."""
    module = types.ModuleType("SampleData")

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(**source: Any) -> None:
            if source.get("uris") is None:
                raise ValueError("uris must not be None")
            sources = vars(slicer.modules).setdefault("sampleDataSources", {})
            sources.setdefault(source["category"], []).append(types.SimpleNamespace(**source))

    module.SampleDataLogic = SampleDataLogic  # type: ignore[attr-defined]
    return module
