"""Configurations are checked before anything is computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from CTEnhanceLib.cli import main
from CTEnhanceLib.errors import UsageError
from CTEnhanceLib.training.config.data_files import data_path
from CTEnhanceLib.training.config.read import read_config
from CTEnhanceLib.training.validation import load_case
from training_runs import CONTEXT, THESIS

FOLDER = Path(__file__).parents[2] / "configs"
CONFIGS = sorted(FOLDER.rglob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_a_committed_configuration_is_valid(path):
    config = read_config(path)
    assert config.card.data
    assert config.thin


def test_the_thesis_configurations_have_the_settings_of_pix2pix():
    for number, method, base in ((1, "raw", ""), (2, "residual", "thick")):
        config = read_config(FOLDER / f"thesis-method{number}.toml")
        assert (config.model.method, config.model.base, config.model.context) == (method, base, 1)
        assert config.model.offsets_mm == (-2, -1, 0, 1, 2)
        assert config.generator["width"] == config.discriminator.width == 64
        training = config.training
        assert (training.learning_rate, training.betas, training.batch) == (2e-4, (0.5, 0.999), 1)
        assert (config.loss.l1, config.discriminator.weight, training.schedule) == (100, 1, "linear")


def test_each_run_of_the_default_models_chain_begins_where_the_one_before_ended():
    runs = [read_config(path) for path in sorted((FOLDER / "default").glob("[1-9]-*.toml"))]
    assert len(runs) > 1
    for before, run in zip(runs, runs[1:]):
        begun_with = run.model.accurate or run.training.initial
        assert Path(begun_with) == Path(before.training.output) / "model"
    assert read_config(FOLDER / "default" / "uncertainty.toml").training.output == runs[-1].training.output


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("patch = 16", "patch = 16\nzom = [1.0, 2.0]"), "simulation.zom"),
        (("steps = 6", 'steps = "many"'), "training.steps"),
        (("steps = 6", "steps = 0"), "training.steps"),
        (("context = 3", "context = 2"), "model.context"),
        (("batch = 2", 'batch = 2\nschedule = "sometimes"'), "training.schedule"),
        (("batch = 2", 'batch = 2\nprecision = "fp8"'), "training.precision"),
        (("batch = 2", "batch = 2\nbetas = [0.9]"), "training.betas"),
        (('"context_unet"', '"resnet"'), "model.architecture"),
        (('name = "tiny"', 'method = "magic"'), "model.name"),
        (("[[data.thin]]", "[[data.thick]]"), "data.thick"),
        (("[training]", "[trainig]"), "trainig"),
    ],
)
def test_a_mistake_is_named_by_its_key(write_config, capsys, change, key):
    path = write_config(CONTEXT)
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    assert main(["train", str(path)]) == 2
    message = capsys.readouterr().err
    assert key in message
    assert message.count("\n") == 1


def test_offsets_and_architecture_must_go_together(write_config):
    path = write_config(THESIS.replace("offsets_mm = [-1.0, 0.0, 1.0]", ""))
    with pytest.raises(UsageError, match=r"model\.offsets_mm"):
        read_config(path)


def test_values_can_be_changed_on_the_command_line(write_config, capsys):
    path = write_config()
    config = read_config(path, ["training.steps=3", 'training.output="elsewhere"', "loss.energy=2.5"])
    assert (config.training.steps, str(config.output), config.loss.energy) == (3, "elsewhere", 2.5)
    assert config.values != read_config(path).values
    for wrong in ("steps=3", "training.stops=3", "training.steps=three", "training.steps"):
        assert main(["train", str(path), "--set", wrong]) == 2
        assert "ctenhance" in capsys.readouterr().err


CASE = """
[[validation.case]]
name = "held back"
thin = "{path}"
slices = [{first}, {end}]
crop = [0, 48, 0, 48, 45, 60]
"""


def test_slices_that_are_trained_on_are_refused_as_a_validation_case(write_config, thin_file):
    trained = "slices = [0, 30]\n"
    read_config(write_config(extra=trained + CASE.format(path=thin_file, first=30, end=60)))
    other_spelling = thin_file.parent / "." / ".." / thin_file.parent.name / thin_file.name
    for path in (thin_file, other_spelling):
        overlapping = write_config(extra=trained + CASE.format(path=path, first=29, end=60))
        with pytest.raises(UsageError, match=r"'held back' holds slices .* that are trained on"):
            read_config(overlapping)
    pair = f'[[data.pair]]\nthin = "{thin_file}"\nthick = "{thin_file}"\n'
    with pytest.raises(UsageError, match=r"data\.pair trains on"):
        read_config(write_config(extra=trained + pair + CASE.format(path=thin_file, first=30, end=60)))


def test_the_final_figures_keep_to_the_slices_of_the_case(write_config, thin_file):
    case = CASE.format(path=thin_file, first=33, end=60)
    (settings,) = read_config(write_config(extra="slices = [0, 30]\n" + case)).validation
    whole, cropped = load_case(settings, cropped=False), load_case(settings)
    assert whole.thin.GetSize()[2] == 27
    assert whole.thin.GetOrigin()[2] == 33
    assert cropped.thin.GetSize()[2] == 15
    with pytest.raises(UsageError, match="leave nothing"):
        load_case(replace(settings, slices=(60, 80)))


def test_missing_data_are_a_sentence(write_config, capsys, thin_file):
    path = write_config()
    path.write_text(path.read_text(encoding="utf-8").replace(str(thin_file), "nowhere.nrrd"), encoding="utf-8")
    assert main(["train", str(path), "--device", "cpu"]) == 2
    assert "nowhere.nrrd" in capsys.readouterr().err


def test_data_are_looked_for_where_ctenhance_data_says_and_nowhere_else(tmp_path, monkeypatch):
    beside, repository = tmp_path / "shared" / "data", tmp_path / "repository"
    for folder in (beside, repository):
        folder.mkdir(parents=True)
    (beside / "thin.nrrd").write_text("")
    monkeypatch.chdir(repository)
    monkeypatch.delenv("CTENHANCE_DATA", raising=False)
    assert not data_path("thin.nrrd").exists()
    monkeypatch.setenv("CTENHANCE_DATA", str(beside))
    assert data_path("thin.nrrd") == beside / "thin.nrrd"


def test_a_file_that_is_no_toml_is_a_sentence(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("[model\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.toml"):
        read_config(path)


def test_a_configuration_that_extends_another_begins_with_its_values(tmp_path):
    (tmp_path / "first.toml").write_text(f'{CONTEXT}[training]\nsteps = 5\nbatch = 3\n[[data.thin]]\npath = "a"\n')
    second = tmp_path / "second.toml"
    second.write_text('extends = "first.toml"\n[training]\nsteps = 9\n[[data.thin]]\npath = "b"\n')
    config = read_config(second)
    assert (config.training.steps, config.training.batch) == (9, 3)
    assert [source.path for source in config.thin] == ["b"]
    assert config.values != read_config(tmp_path / "first.toml").values


def test_a_configuration_that_extends_itself_is_refused(tmp_path):
    path = tmp_path / "round.toml"
    path.write_text('extends = "round.toml"\n')
    with pytest.raises(UsageError, match="extends itself"):
        read_config(path)
