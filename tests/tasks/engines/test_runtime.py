"""Sessions are looked at from a process of their own, as Ray is one per process and the other tests share theirs."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tasks.engines.runtime import ray_session

SESSIONS = """
import json
import psutil
from tasks.engines.runtime import ray_session

facts = {}

def listening():
    mine = [psutil.Process(), *psutil.Process().children(recursive=True)]
    ends = [(each.name(), end) for each in mine for end in each.net_connections("tcp")]
    return sorted({(name, end.laddr.ip) for name, end in ends if end.status == "LISTEN"})

with ray_session():
    import ray
    from ray.cluster_utils import Cluster  # not before, as in the stages

    with ray_session():
        facts["inside"] = ray.is_initialized()
        outer = ray.get_runtime_context().gcs_address
    facts["bound"] = listening()
    facts["after_inner"] = ray.is_initialized() and ray.get_runtime_context().gcs_address == outer
    facts["imported"] = ray.get(ray.remote(lambda: __import__("tasks.engines.engine").__name__).remote())
facts["after_outer"] = ray.is_initialized()

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
with ray_session(cluster.address):
    facts["attached"] = ray.get_runtime_context().gcs_address == cluster.address
facts["left"] = not ray.is_initialized()
ray.init(cluster.address, log_to_driver=False)
facts["cluster_lives"] = len(ray.nodes()) == 1
with ray_session():
    pass
facts["others_session_lives"] = ray.is_initialized()
ray.shutdown()
cluster.shutdown()
print(json.dumps(facts))
"""


@pytest.fixture(scope="module")
def facts() -> dict[str, bool]:
    done = subprocess.run([sys.executable, "-c", SESSIONS], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_an_inner_session_is_the_outer_one_and_leaves_it_open(facts: dict[str, bool]) -> None:
    assert facts["inside"]
    assert facts["after_inner"]


def test_the_outermost_session_stops_what_it_started(facts: dict[str, bool]) -> None:
    assert not facts["after_outer"]


def test_workers_import_the_checkout(facts: dict[str, object]) -> None:
    assert facts["imported"] == "tasks"


def test_a_local_cluster_listens_on_this_machine_s_own_address_alone(facts: dict[str, Any]) -> None:
    assert {name for name, _ in facts["bound"]} >= {"gcs_server", "raylet"}, "they were looked at"
    assert [(name, ip) for name, ip in facts["bound"] if ip not in ("127.0.0.1", "::1", "::ffff:127.0.0.1")] == []


def test_a_running_cluster_is_joined_and_left_alive(facts: dict[str, bool]) -> None:
    assert facts["attached"]
    assert facts["left"]
    assert facts["cluster_lives"]


def test_a_session_that_somebody_else_opened_stays_open(facts: dict[str, bool]) -> None:
    assert facts["others_session_lives"]


def test_an_address_where_nothing_runs_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(ConnectionError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"), ray_session("127.0.0.1:1"):
        pass
