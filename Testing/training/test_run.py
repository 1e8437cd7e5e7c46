"""The training run as a whole: resumed, validated, exported, on one process and on two."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CTEnhanceLib.cli import main
from CTEnhanceLib.ct.profile import SliceProfile
from CTEnhanceLib.ct.thicken import thicken
from CTEnhanceLib.enhancement.pipeline import enhance
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.model.folder import load_stack
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.run import Run
from interpolated_volumes import interpolated
from training_runs import CONTEXT, THESIS, bony_slices, image_of

ADVERSARIAL = """
[discriminator]
weight = 0.5
width = 4
layers = 1
norm = false
start = 2
[loss]
consistency = 5.0
"""
# which cuts are judged is drawn by each process, and what counts in bone is weighed by the bone that a process sees
CUTS = ADVERSARIAL.replace("start = 2", "start = 2\ncuts = 2\nbone = true") + "energy = 5.0\n"


def run_of(path: Path) -> Run:
    return Run(read_config(path), "cpu", report=lambda line: None)


def weights(run: Run) -> list[torch.Tensor]:
    modules = [module for learner in run.learners for module in [*learner.modules().values(), learner.result]]
    return [value.clone() for module in modules for value in module.state_dict().values()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second))


def log_of(path: Path) -> list[dict[str, str]]:
    with (read_config(path).output / "log.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("model", [CONTEXT + CUTS, THESIS], ids=["context", "thesis"])
def test_a_killed_run_resumes_and_ends_with_the_weights_of_an_unbroken_one(write_config, model):
    unbroken = run_of(write_config(model, "unbroken", training="average = 0.9"))
    before = weights(unbroken)
    unbroken.train()
    assert not same(before, weights(unbroken))

    path = write_config(model, "killed", training="average = 0.9")
    run_of(path).train(until=3)  # leaves a checkpoint
    lost = run_of(path)
    lost.save = lambda: None  # type: ignore[method-assign]
    lost.train(until=5)  # killed before the next checkpoint: two steps are lost
    resumed = run_of(path)
    assert resumed.step == 3
    resumed.train()
    assert same(weights(resumed), weights(unbroken))


def test_a_checkpoint_that_was_being_written_when_the_run_was_killed_does_no_harm(write_config):
    path = write_config()
    run_of(path).train(until=2)
    (read_config(path).output / ".last.ckpt.partial").write_bytes(b"half a checkpoint")
    assert run_of(path).step == 2


def test_a_checkpoint_of_another_configuration_is_refused(write_config):
    path = write_config()
    run_of(path).train(until=1)
    path.write_text(path.read_text(encoding="utf-8").replace("steps = 6", "steps = 7"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"another configuration"):
        run_of(path)


def test_a_run_goes_on_where_only_words_of_its_configuration_changed(write_config):
    path = write_config()
    run_of(path).train(until=1)
    text = path.read_text(encoding="utf-8")
    path.write_text(f'# said better\n{text}\n[card]\nlimits = ["none known"]\n', encoding="utf-8")
    assert run_of(path).step == 1


def test_pairs_made_by_a_worker_are_the_same_pairs(write_config):
    alone = run_of(write_config(name="alone", steps=3))
    alone.train()
    helped = run_of(write_config(name="helped", steps=3, training="workers = 1"))
    helped.train()
    assert same(weights(alone), weights(helped))


def test_a_log_goes_on_where_the_checkpoint_stood(write_config, validated):
    path = write_config(extra=validated, steps=6)
    run_of(path).train(until=3)
    run_of(path).train()
    run_of(path).train()  # nothing left to do
    rows = [(row["step"], row["name"]) for row in log_of(path)]
    assert len(rows) == len(set(rows))
    assert ("3", "small, 3 mm bone") in rows
    assert ("6", "small, 3 mm bone") in rows


def test_the_best_weights_are_kept_and_exported_with_card_and_figures(
    write_config, validated, thin_file, tmp_path, capsys
):
    path = write_config(extra=validated)
    folder = tmp_path / "model"
    assert main(["train", str(path), "--device", "cpu", "--model-folder", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "left" in said
    assert "over cubic" in said
    assert len(list((read_config(path).output / "pictures").glob("*.png"))) == 2

    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in metrics["cases"]["small, 3 mm"]["rows"]][-1] == "tiny"
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "not for diagnosis" in card
    assert f"ctenhance train {path.name}" in card

    stack = load_stack(folder)
    best = torch.load(read_config(path).output / "last.ckpt", weights_only=True)["best"]
    stored = stack.modules[0].state_dict()
    assert all(torch.equal(stored[name], value.half().float()) for name, value in best["weights"][0].items())
    thick = sitk.ReadImage(str(thin_file))[:, :, 1::3]
    assert enhance(thick, stack).volume.GetSize()[2] == 60


def test_a_run_may_begin_with_a_model(write_config, tmp_path):
    first = run_of(write_config(name="first", steps=3))
    first.train()
    first.export(tmp_path / "model")
    initial = f'initial = "{tmp_path / "model"}"'
    second = run_of(write_config(name="second", training=initial))
    assert all(torch.equal(a.half().float(), b) for a, b in zip(weights(first), weights(second)))
    with pytest.raises(UsageError, match=r"training\.initial"):
        run_of(write_config(CONTEXT.replace("depth = 1", "depth = 2"), "other", training=initial))


def test_a_deeper_run_begins_with_what_the_shallower_model_gives(write_config, tmp_path):
    first = run_of(write_config(name="first", steps=3))
    first.train()
    first.export(tmp_path / "model")
    initial = f'initial = "{tmp_path / "model"}"'
    deeper = CONTEXT.replace("depth = 1", "depth = 1\nblocks = 2")
    second = run_of(write_config(deeper, "second", training=initial))
    batch = second.sources.batch(0, 2, 0)
    shallow, deep = (run.learners[0]._generate(batch) for run in (first, second))
    assert len(weights(second)) > len(weights(first))
    assert torch.allclose(shallow, deep, atol=1e-4)
    before = weights(second)
    second.train()
    assert not any(torch.equal(a, b) for a, b in zip(before, weights(second)) if a.ndim == 4)


def test_a_stack_of_the_thesis_is_exported_with_one_file_for_each_position(write_config, tmp_path):
    path = write_config(THESIS, steps=1)
    run = run_of(path)
    run.train()
    run.export(tmp_path / "model")
    assert {p.stem for p in (tmp_path / "model").glob("*.safetensors")} == {"1P", "C", "1N"}
    assert load_stack(tmp_path / "model").spec.offsets == (-1, 0, 1)


def test_real_series_train_a_model_that_knows_their_slice_profile(write_config, thin_file, tmp_path):
    thin = sitk.ReadImage(str(thin_file))
    thick = thicken(thin, 3.0, profile=SliceProfile("triangle", 2.7))
    sitk.WriteImage(thick, str(tmp_path / "thick.nrrd"))
    path = write_config(steps=2)
    text = path.read_text(encoding="utf-8").split("[[data.thin]]")[0]
    path.write_text(
        f'{text}[[data.pair]]\nthick = "{tmp_path / "thick.nrrd"}"\nthin = "{thin_file}"\n', encoding="utf-8"
    )
    run = run_of(path)
    run.train()
    run.export(tmp_path / "model")
    stack = load_stack(tmp_path / "model")
    assert stack.spec.slice_profile["shape"] == "weights"
    assert stack.spec.slice_profile["fwhm_mm"] == pytest.approx(2.7, abs=0.7)
    assert abs(stack.spec.slice_profile["shift_mm"]) < 0.1
    report = enhance(thick, stack).report
    assert report["consistency"]["after"] < 2


def test_a_batch_that_processes_cannot_share_is_refused(write_config, monkeypatch):
    class TwoProcesses:
        world_size = 2

    monkeypatch.setattr("CTEnhanceLib.training.run.make_fabric", lambda config, device: TwoProcesses())
    with pytest.raises(UsageError, match=r"training\.batch 3"):
        run_of(write_config(batch=3))


def test_two_processes_have_the_losses_of_one_with_the_same_batch(write_config):
    steps = "checkpoint_minutes = 60\nlog_every = 1"
    one = write_config(CONTEXT + ADVERSARIAL, "one", training=steps, steps=5, batch=4)
    two = write_config(CONTEXT + ADVERSARIAL, "two", training=steps, steps=5, batch=4)
    run_of(one).train()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*launcher, "-m", "CTEnhanceLib", "train", str(two), "--device", "cpu"],
        check=True,
        env=environment,
        timeout=120,
        capture_output=True,
    )
    alone, together = ({(r["step"], r["name"]): float(r["value"]) for r in log_of(path)} for path in (one, two))
    assert len(alone) == len(together) >= 5
    assert all(together[key] == pytest.approx(value, rel=1e-5, abs=1e-5) for key, value in alone.items())


def test_a_crisp_end_begins_with_the_accurate_one_and_both_are_exported(write_config, validated, tmp_path):
    first = run_of(write_config(name="first", steps=3))
    first.train()
    first.export(tmp_path / "accurate")
    ends = f'accurate = "{tmp_path / "accurate"}"\ndetail = 0.25\n[generator]'
    path = write_config((CONTEXT + CUTS).replace("[generator]", ends), "crisp", extra=validated)
    second = run_of(path)
    second.train()
    second.export(tmp_path / "both")
    stack, accurate = load_stack(tmp_path / "both"), load_stack(tmp_path / "accurate")
    assert stack.spec.default_detail == 0.25
    assert all(torch.equal(stack.accurate[0][name], value) for name, value in accurate.modules[0].state_dict().items())
    assert not same(list(stack.accurate[0].values()), list(stack.crisp[0].values()))
    rows = json.loads((tmp_path / "both" / "metrics.json").read_text(encoding="utf-8"))["cases"]["small, 3 mm"]["rows"]
    assert [row["name"] for row in rows][-3:] == ["tiny", "accurate end", "crisp end"]


def test_configurations_that_build_on_each_other_are_trained_in_turn(write_config, tmp_path, capsys):
    first = write_config(name="first", steps=2)
    initial = f'initial = "{read_config(first).output / "model"}"'
    second = write_config(name="second", steps=2, training=initial)
    assert main(["train", str(first), str(second), "--device", "cpu"]) == 0
    assert (read_config(second).output / "model" / "model.json").is_file()
    capsys.readouterr()
    assert main(["train", str(first), str(second), "--device", "cpu"]) == 0
    assert f"{first} is done" in capsys.readouterr().out


def test_the_weights_that_are_exported_are_those_of_the_best_validation(write_config, validated, tmp_path, monkeypatch):
    from CTEnhanceLib.training import run as run_module
    from CTEnhanceLib.training.validation import Figures

    gains = iter([1.0, 3.0, 2.0])
    monkeypatch.setattr(
        run_module, "figures_of", lambda case, stack: (Figures((gain := next(gains)), gain, 0.0, 1.0), {})
    )
    monkeypatch.setattr(run_module.Journal, "picture", lambda *_: None)
    run = run_of(write_config(extra=validated.replace("every = 3", "every = 2"), steps=6))
    kept = {}
    for step in (2, 4, 6):
        run.train(until=step)
        kept[step] = weights(run)
    assert (run.best["step"], run.best["figure"]) == (4, 3.0)
    exported = {}
    monkeypatch.setattr(
        run_module, "export_model", lambda folder, config, stack, told, report: exported.update(told, stack=stack)
    )
    run.export(tmp_path / "model")
    state = [value for module in exported["stack"].modules for value in module.state_dict().values()]
    assert exported["best_step"] == 4
    assert same(state, kept[4][: len(state)])
    assert not same(state, kept[6][: len(state)])


def test_a_share_of_the_weights_that_a_run_began_with_is_kept(write_config, tmp_path):
    first = run_of(write_config(name="first", steps=3))
    first.train()
    first.export(tmp_path / "model")
    initial = f'initial = "{tmp_path / "model"}"\nkeep_initial = 0.25'
    second = run_of(write_config(name="second", training=initial))
    second.train()
    began = load_stack(tmp_path / "model").modules[0].state_dict()
    ended, kept = second.learners[0].module.state_dict(), second.learners[0].result.state_dict()
    assert all(torch.allclose(kept[n], 0.75 * ended[n] + 0.25 * began[n], atol=1e-6) for n in kept)
    assert any(not torch.equal(ended[n], began[n]) for n in kept)


@pytest.mark.parametrize(
    "section",
    [
        '[[data.thin]]\npath = "{path}"\n',
        '[[validation.case]]\nname = "part"\nthickness_mm = 3.0\nthin = "{path}"\n',
    ],
    ids=["thin", "validation"],
)
def test_slices_that_were_not_measured_are_said_with_the_limits_that_leave_them_out(write_config, tmp_path, section):
    measured = bony_slices(seed=2)
    path = tmp_path / "part.nrrd"
    sitk.WriteImage(image_of(np.concatenate([interpolated(measured[:11], 3), measured[11:]])), str(path))

    def warnings(limits: str) -> list[str]:
        lines: list[str] = []
        extra = section.format(path=path) + limits
        Run(read_config(write_config(name=f"run{len(limits)}", extra=extra)), "cpu", report=lines.append)
        return [line for line in lines if line.startswith("Warning: ")]

    (line,) = warnings("")
    assert f"{path}: Slices 2 to 30 (counted from 1) are interpolated" in line
    assert "slices = [30, 80]" in line
    (line,) = warnings("slices = [6, 80]\n")
    assert "Slices 8 to 30 (counted from 1)" in line
    assert warnings("slices = [30, 80]\n") == []
