from __future__ import annotations

import pytest


@pytest.fixture
def spec():
    from stacks import spec

    return spec()


def test_twice_the_voxels_take_twice_the_time_and_memory_beside_the_start(host, spec):
    from CTEnhanceLib.panel.run.estimate import estimate_run

    small = estimate_run(512 * 512 * 60, 512 * 512 * 180, spec, "cpu")
    large = estimate_run(2 * 512 * 512 * 60, 2 * 512 * 512 * 180, spec, "cpu")
    nothing = estimate_run(0, 0, spec, "cpu")
    assert large.seconds - nothing.seconds == pytest.approx(2 * (small.seconds - nothing.seconds))
    assert large.memory - nothing.memory == pytest.approx(2 * (small.memory - nothing.memory))


def test_volumes_exist_once_as_whole_numbers_and_an_uncertainty_costs_more(host, spec):
    import dataclasses

    from CTEnhanceLib.panel.run.estimate import estimate_run

    plain = dataclasses.replace(spec, uncertainty=None)
    certain, nothing = (estimate_run(voxels, 3 * voxels, plain, "cpu") for voxels in (10**7, 0))
    assert certain.memory - nothing.memory == 2 * (10**7 + 3 * 10**7)
    telling = estimate_run(10**7, 3 * 10**7, dataclasses.replace(spec, uncertainty=object()), "cpu")
    assert telling.memory - certain.memory == (2 * 4 + 2) * 3 * 10**7


def test_a_graphics_card_is_faster_and_a_measured_rate_wins(host, spec):
    from CTEnhanceLib.panel.run.estimate import estimate_run, rate_of_run

    voxels = 512 * 512 * 180
    cpu, gpu = (estimate_run(voxels // 3, voxels, spec, device) for device in ("cpu", "cuda:0"))
    assert gpu.seconds < cpu.seconds
    learned = rate_of_run(100.0, voxels)
    assert estimate_run(voxels // 3, voxels, spec, "cpu", learned).seconds == pytest.approx(100.0)


def test_the_thesis_network_takes_longer_with_more_filters(host, spec):
    import dataclasses

    from CTEnhanceLib.panel.run.estimate import estimate_run

    def seconds(width):
        generator = dataclasses.replace(spec.generators[0], architecture="unet256", arguments={"width": width})
        return estimate_run(10**7, 3 * 10**7, dataclasses.replace(spec, generators=(generator,)), "cpu").seconds

    assert seconds(64) > seconds(32) > seconds(16)


def test_the_estimate_reads_as_words(host):
    from CTEnhanceLib.panel.run.estimate import Estimate

    assert Estimate(43.7, 1.25e9).words() == "About 44 s, 1.2 GB of memory"
    assert Estimate(400.0, 3e9).words() == "About 7 min, 3.0 GB of memory"


def test_only_an_estimated_duration_is_called_about(host):
    from CTEnhanceLib.panel.run.progress import duration_words

    assert (duration_words(43.7), duration_words(400.0)) == ("about 44 s", "about 7 min")
    assert (duration_words(43.7, estimated=False), duration_words(400.0, estimated=False)) == ("44 s", "7 min")
