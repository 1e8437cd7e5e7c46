from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import batch_work
from CTEnhanceLib.batch.engines import Lost, run_here, run_on_cluster

posix = pytest.mark.skipif(os.name != "posix", reason="kills processes by signal")


@posix
def test_a_worker_that_is_killed_costs_no_task(tmp_path: Path) -> None:
    tasks = [(name, str(tmp_path)) for name in ("a", "deadly", "b", "c")]
    results = dict(run_here(batch_work.deadly_once, tasks, 2))
    assert results == {task: task[0].upper() for task in tasks}
    assert all((tmp_path / f"{name}.done").read_text() == "done\n" for name, _ in tasks)


@posix
def test_a_task_that_kills_every_worker_is_given_up_and_the_others_are_done() -> None:
    results = dict(run_here(batch_work.always_deadly, ["a", "deadly", "b"], 1))
    assert isinstance(results.pop("deadly"), Lost)
    assert results == {"a": "A", "b": "B"}


@posix
def test_a_cluster_survives_the_death_of_a_worker_and_does_every_task_once(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    paths = os.pathsep.join([str(Path(batch_work.__file__).parent), os.environ.get("PYTHONPATH", "")])
    config = {"distributed.nanny.environ": {"PYTHONPATH": paths}}
    tasks = [(f"task{number}", str(tmp_path)) for number in range(8)]
    import dask

    with (
        dask.config.set(config),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
        ) as cluster,
    ):
        results = []
        for task, result in run_on_cluster(batch_work.slow, tasks, cluster.scheduler_address):
            if not results:
                os.kill(int((tmp_path / f"{task[0]}.pid").read_text()), signal.SIGKILL)
            results.append(result)
    assert sorted(results) == [name for name, _ in tasks]
    assert {path.read_text().count("done") for path in tmp_path.glob("*.done")} <= {1, 2}
    assert len(list(tmp_path.glob("*.done"))) == len(tasks)
