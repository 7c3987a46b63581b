"""Celery is configured so that a task runs twice rather than never. A default broke each promise here."""

from __future__ import annotations

import ssl

import pytest

from storage.runs import RUN_ID
from workers.jobs.time_limits import LONGEST_TASK_SECONDS
from workers.queue import tasks
from workers.queue.app import app
from workers.queue.broker_options import BrokerOptions
from workers.queue.celery_settings import SETTINGS, TRANSPORT_OPTIONS, connect
from workers.queue.task_names import IMAGES, TRAINING

OURS = sorted(name for name in app.tasks if name.startswith("lineup."))


def test_only_json_is_written_or_read() -> None:
    assert app.conf.accept_content == ["json"]
    serializers = (app.conf.task_serializer, app.conf.result_serializer, app.conf.event_serializer)
    assert set(serializers) == {"json"}
    assert app.conf.result_accept_content in (None, ["json"])


def test_a_task_is_acknowledged_when_it_is_done_and_run_again_when_its_process_is_lost() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_retry_on_worker_lost
    # it loops for ever on a photo that kills its process
    assert not app.conf.task_reject_on_worker_lost


@pytest.mark.parametrize("name", OURS)
def test_a_task_has_three_runs_in_quick_succession_and_an_end(name: str) -> None:
    task = app.tasks[name]
    assert task.max_retries == 2
    assert task.default_retry_delay <= 2  # of 180 s a person would think that it hangs
    assert task.acks_late
    assert task.ignore_result
    assert 0 < (task.time_limit or app.conf.task_time_limit) <= LONGEST_TASK_SECONDS


def test_every_task_has_its_queue() -> None:
    assert {tasks.encode_photos_task.name, tasks.train_configuration_task.name, tasks.compare_run_task.name} <= set(
        OURS
    )
    assert app.conf.task_routes.keys() == set(OURS)
    assert {app.conf.task_routes[name] for name in OURS} == {IMAGES, TRAINING}
    assert {queue.name for queue in app.conf.task_queues} == {IMAGES, TRAINING}
    # a misspelt queue would be made, and no worker would read it
    assert not app.conf.task_create_missing_queues


def test_no_message_becomes_visible_again_while_its_task_may_still_run() -> None:
    assert TRANSPORT_OPTIONS["visibility_timeout"] > 2 * LONGEST_TASK_SECONDS


def test_no_results_are_stored() -> None:
    assert app.conf.task_ignore_result
    assert app.conf.result_backend is None


def test_a_worker_holds_no_more_than_it_runs() -> None:
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_disable_prefetch


def test_processes_are_spawned_and_have_time_for_their_imports() -> None:
    assert app.conf.worker_pool_start_method == "spawn"  # TensorFlow, OpenCV and dlib hang after a fork
    assert app.conf.worker_proc_alive_timeout >= 60  # after 4 s a child that imports TensorFlow is killed for ever


def test_processes_are_replaced_before_memory_leaks_matter() -> None:
    assert 0 < app.conf.worker_max_tasks_per_child <= 10_000
    assert app.conf.worker_max_memory_per_child > 0


def test_a_worker_asked_to_stop_hands_its_task_back() -> None:
    assert app.conf.worker_soft_shutdown_timeout > 0


def test_a_lost_connection_is_noticed_and_tried_again_without_end() -> None:
    assert app.conf.broker_connection_retry_on_startup
    assert app.conf.broker_connection_max_retries is None  # for ever
    options = TRANSPORT_OPTIONS
    assert options["socket_keepalive"]
    assert 0 < options["health_check_interval"] <= 30
    # it leaves a task in RETRY for ever
    assert not app.conf.worker_cancel_long_running_tasks_on_connection_loss


def test_messages_of_a_dead_worker_are_restored_soon_after_the_visibility_timeout() -> None:
    options = TRANSPORT_OPTIONS
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (1, 1)


def test_events_are_sent_for_flower() -> None:
    assert app.conf.worker_send_task_events
    assert app.conf.task_send_sent_event


def test_the_sender_is_configured_as_the_worker_and_for_its_broker() -> None:
    options = BrokerOptions("rediss://127.0.0.1:1/0", "lineup:a:", {"ssl_cert_reqs": ssl.CERT_REQUIRED})
    sender = connect(options)
    assert {name: sender.conf[name] for name in SETTINGS} == {name: app.conf[name] for name in SETTINGS}
    assert sender.conf.broker_url == "rediss://127.0.0.1:1/0"
    assert sender.conf.broker_use_ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    assert sender.conf.broker_transport_options == {
        **TRANSPORT_OPTIONS,
        "global_keyprefix": "lineup:a:",
        "message_guard": options.guard,
    }


def test_a_run_is_named_so_that_its_name_is_no_path() -> None:
    assert not RUN_ID.fullmatch("..")
    assert not RUN_ID.fullmatch("a/b")
