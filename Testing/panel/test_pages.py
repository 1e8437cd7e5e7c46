"""The panel's pages: a thin volume can be tested, a computed one has a report to save."""

from __future__ import annotations

from pathlib import Path

import pytest


class FakeWorker:
    """Takes the arguments and ends when it is told to."""

    def start(self, arguments, on_line, on_end):
        self.arguments, self.on_line, self.on_end = list(arguments), on_line, on_end

    def cancel(self):
        self.end(130)

    def stop_now(self):
        self.end(None)

    def end(self, code, log=""):
        from CTEnhanceLib.panel.run.process import WorkerEnd

        self.on_end(WorkerEnd(code, True, log))


@pytest.fixture
def check(host, scene):
    import qt

    from CTEnhanceLib.panel.self_check import SelfCheck

    workers, shown = [], []

    def make():
        workers.append(FakeWorker())
        return workers[-1]

    button = qt.QPushButton("Test")
    made = SelfCheck(button, make, shown.append)
    made.button, made.workers, made.shown = button, workers, shown
    return made


def thin_volume(scene):
    from panel.measured import add_measured

    return add_measured(scene, spacing=(0.5, 0.5, 1.0))


def test_the_test_is_offered_for_a_thin_volume_only(check, scene, wrist):
    check.refresh(thin_volume(scene), "refused", "context")
    assert check._button.visible
    for node, verdict, model in ((wrist, "refused", "context"), (None, "", "context"), (wrist, "fit", "")):
        check.refresh(node, verdict, model)
        assert not check._button.visible


def test_pressing_it_runs_the_self_check_and_opens_the_page(check, scene):
    check.refresh(thin_volume(scene), "refused", "context")
    check.button.click()
    (worker,) = check.workers
    assert worker.arguments[0] == "selfcheck"
    assert Path(worker.arguments[1]).is_file()
    assert worker.arguments[-2:] == ["--lifeline", "stdin"]
    worker.on_line('{"stage": "enhance", "done": 3, "total": 9, "seconds_left": null}')
    assert "slice 3 of 9" in check.button.text
    worker.end(0)
    assert check.shown == [Path(worker.arguments[worker.arguments.index("--page") + 1])]
    assert not Path(worker.arguments[1]).exists()


def test_pressing_it_again_ends_the_test_without_a_word(check, scene, host):
    check.refresh(thin_volume(scene), "refused", "context")
    check.button.click()
    check.button.click()
    assert check.shown == []
    assert host.messages == []


def test_what_went_wrong_is_said(check, scene, host):
    check.refresh(thin_volume(scene), "refused", "context")
    check.button.click()
    check.workers[0].end(3, "ctenhance: The volume is too warm; let it cool.\n")
    assert "too warm" in host.messages[-1][1]


def test_the_report_of_a_computed_volume_is_saved_as_a_page(module, wrist, tmp_path, monkeypatch):
    import stacks
    from CTEnhanceLib.panel import save_page
    from CTEnhanceLib.scene.output import enhance_node

    computed = enhance_node(wrist, model=stacks.offset_stack(20.0))
    module.panel.parameters.comparedVolume = computed
    module.panel.update()

    path = tmp_path / "page.html"
    monkeypatch.setattr(save_page, "ask_for_file", lambda *_: str(path))
    module.ui.savePageButton.click()
    page = path.read_text(encoding="utf-8")
    assert page.count("data:image/png") == 4
    assert "Anna" not in page
