"""The time left is that of the whole run, whatever stage it is in."""

from __future__ import annotations

import pytest

from CTEnhanceLib.files.progress import SecondsLeft, fraction_done


def test_the_time_left_covers_the_stages_to_come():
    now = [0.0]
    left = SecondsLeft(clock=lambda: now[0])
    assert left("read", 0, 1) is None
    assert left("enhance", 0, 88) is None
    now[0] = 44.0
    # half of the computing stage (44 of its 88 % of the run) took 44 s: 44 s more, and 10 s for what follows it
    assert left("enhance", 44, 88) == pytest.approx(54.0)
    now[0] = 88.0
    assert left("enhance", 88, 88) == pytest.approx(10.0)
    assert left("write", 1, 1) == 0.0


def test_a_run_of_one_stage_of_its_own_is_its_own_whole():
    assert fraction_done("series", 3, 4) == 0.75
