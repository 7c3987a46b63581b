"""What is sent is remembered until it is done, and sent again when nobody can have it any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.dispatcher import MOST_SENDS, MOST_WINDOW, QUIET_SECONDS, Dispatcher
from storage.errors import BrokerError, RunStuck, StoreFull
from tests.cluster import queues_of
from workers.queue.broker_options import BrokerOptions
from workers.queue.messages import Message
from workers.queue.task_names import ENCODE_PHOTOS, IMAGES


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def stack(store: Path) -> Iterator[LocalCluster]:
    """A broker that no worker listens to."""
    with LocalCluster(store, queues=()) as stack:
        yield stack


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_quietly(self) -> None:
        self.now += QUIET_SECONDS + 0.1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(store: Path, stack: LocalCluster) -> redis.Redis:
    connection = queues_of(store, stack.broker_url)
    connection.flushall()
    return connection


@pytest.fixture
def dispatcher(stack: LocalCluster, queue: redis.Redis, clock: Clock) -> Dispatcher:
    assert queue.llen(IMAGES) == 0
    return Dispatcher(stack.broker, IMAGES, window=3, clock=clock)


def work(part: str, *items: str) -> Message:
    return Message(part, frozenset(items or {part}), ENCODE_PHOTOS, ("run", [part]))


def test_no_more_is_on_its_way_than_the_window_holds(dispatcher: Dispatcher, queue: redis.Redis) -> None:
    assert dispatcher.free == 3
    dispatcher.send(iter([work("a", "1", "2"), work("b", "3")]))
    assert (dispatcher.free, queue.llen(IMAGES)) == (1, 2)
    assert dispatcher.in_flight == {"1", "2", "3"}


def test_items_that_were_handed_back_are_in_flight_no_more_and_the_others_of_their_message_are(
    dispatcher: Dispatcher, queue: redis.Redis
) -> None:
    dispatcher.send(iter([work("a", "1", "2"), work("b", "3")]))
    dispatcher.forget({"2", "3", "4"})
    assert dispatcher.in_flight == {"1"}
    assert dispatcher.messages_in_flight == 1
    assert queue.llen(IMAGES) == 2
    dispatcher.remove_done({"1"})
    assert dispatcher.messages_in_flight == 0


def test_work_beyond_the_window_is_not_even_looked_at(dispatcher: Dispatcher, queue: redis.Redis) -> None:
    works = iter([work(name) for name in "abcde"])
    dispatcher.send(works)
    assert queue.llen(IMAGES) == 3
    assert [one.part for one in works] == ["d", "e"]


def test_the_window_grows_while_workers_empty_the_queue_between_two_looks(
    dispatcher: Dispatcher, queue: redis.Redis
) -> None:
    dispatcher.send(work(name) for name in "abc")
    dispatcher.send(iter([]))
    assert dispatcher.window == 3  # full, and messages wait: nobody lacks work
    queue.delete(IMAGES)
    dispatcher.send(work(name) for name in "defgh")
    assert (dispatcher.window, queue.llen(IMAGES)) == (6, 3)
    queue.delete(IMAGES)
    dispatcher.remove_done({*"abcdef"})
    dispatcher.send(iter([]))
    dispatcher.send(iter([]))
    assert dispatcher.window == 12  # once for the queue that was full; nothing was sent since


def test_the_window_has_an_end(dispatcher: Dispatcher, queue: redis.Redis) -> None:
    dispatcher.window = MOST_WINDOW - 1
    dispatcher.send(work(str(number)) for number in range(MOST_WINDOW))
    queue.delete(IMAGES)
    dispatcher.send(iter([]))
    assert dispatcher.window == MOST_WINDOW


def test_work_is_settled_when_all_of_it_is_done(dispatcher: Dispatcher) -> None:
    dispatcher.send(iter([work("a", "1", "2")]))
    dispatcher.remove_done({"1"})
    assert dispatcher.in_flight == {"1", "2"}
    dispatcher.remove_done({"1", "2", "3"})
    assert (dispatcher.in_flight, dispatcher.free) == (set(), 3)


def test_what_waits_in_the_queue_is_not_lost(dispatcher: Dispatcher, queue: redis.Redis, clock: Clock) -> None:
    dispatcher.send(iter([work("a")]))
    clock.pass_quietly()
    dispatcher.resend_lost(set(), set())
    assert (dispatcher.resent, queue.llen(IMAGES)) == (0, 1)


def test_nothing_is_sent_again_while_a_check_forbids_it(
    dispatcher: Dispatcher, queue: redis.Redis, clock: Clock
) -> None:
    def forbid() -> None:
        raise StoreFull("the disk is full")

    dispatcher.resend_lost(set(), set(), check=forbid)  # nothing is lost: nothing to check
    dispatcher.send(iter([work("a")]))
    queue.rpop(IMAGES)
    clock.pass_quietly()
    for _ in range(MOST_SENDS + 1):
        with pytest.raises(StoreFull):
            dispatcher.resend_lost(set(), set(), check=forbid)
    assert (dispatcher.resent, queue.llen(IMAGES)) == (0, 0)
    dispatcher.resend_lost(set(), set())
    assert (dispatcher.resent, queue.llen(IMAGES)) == (1, 1)


def test_what_left_the_queue_and_nobody_holds_is_sent_again_after_a_while(
    dispatcher: Dispatcher, queue: redis.Redis, clock: Clock
) -> None:
    dispatcher.send(iter([work("a")]))
    first = queue.rpop(IMAGES)
    dispatcher.resend_lost(set(), set())
    assert queue.llen(IMAGES) == 0
    clock.pass_quietly()
    dispatcher.resend_lost(set(), set())
    second = queue.rpop(IMAGES)
    assert dispatcher.resent == 1
    assert second is not None
    # a worker refuses an id that was once revoked, so it must be another
    assert first != second


@pytest.mark.parametrize("held", ["a", "item"])
def test_what_somebody_is_at_is_not_lost_however_long_it_takes(
    dispatcher: Dispatcher, queue: redis.Redis, clock: Clock, held: str
) -> None:
    dispatcher.send(iter([work("a", "item")]))
    queue.delete(IMAGES)
    for _ in range(5):
        clock.pass_quietly()
        dispatcher.resend_lost({held}, set())
    assert dispatcher.resent == 0
    clock.pass_quietly()
    dispatcher.resend_lost(set(), set())
    assert dispatcher.resent == 1


def test_work_that_somebody_died_at_is_sent_again_though_other_messages_wait(
    dispatcher: Dispatcher, queue: redis.Redis, clock: Clock
) -> None:
    dispatcher.send(iter([work("a", "1", "2"), work("b")]))
    assert queue.rpop(IMAGES) is not None
    clock.pass_quietly()
    dispatcher.resend_lost(set(), {"2"})
    assert (dispatcher.resent, queue.llen(IMAGES)) == (1, 2)


def test_what_nobody_gets_done_stops_the_run_with_a_reason(
    dispatcher: Dispatcher, queue: redis.Redis, clock: Clock
) -> None:
    dispatcher.send(iter([work("a")]))
    for _ in range(MOST_SENDS - 1):
        queue.delete(IMAGES)
        clock.pass_quietly()
        dispatcher.resend_lost(set(), set())
    queue.delete(IMAGES)
    clock.pass_quietly()
    with pytest.raises(RunStuck, match=f"images was sent {MOST_SENDS} times"):
        dispatcher.resend_lost(set(), set())


def test_what_is_withdrawn_is_forgotten(dispatcher: Dispatcher) -> None:
    dispatcher.send(iter([work("a"), work("b")]))
    dispatcher.withdraw()
    assert dispatcher.in_flight == set()


def test_a_message_that_could_not_be_sent_is_not_on_its_way(tmp_path: Path, clock: Clock) -> None:
    with LocalCluster(tmp_path / "store", queues=()) as stack:
        dispatcher = Dispatcher(stack.broker, IMAGES, window=3, clock=clock)
        dispatcher.send(iter([work("a")]))
        stack.children()[0].kill()
        with pytest.raises(BrokerError, match="does not answer"):
            dispatcher.send(iter([work("b")]))
        assert dispatcher.in_flight == {"a"}
        stack.restart_dead()
        stack.wait_until_answering()
        dispatcher.send(iter([work("b")]))
        assert dispatcher.in_flight == {"a", "b"}


def test_a_broker_that_refuses_us_is_a_clear_error_without_the_password(stack: LocalCluster) -> None:
    address = stack.broker_url.rpartition("@")[2]
    with pytest.raises(BrokerError) as error:
        Broker(BrokerOptions(f"redis+socket://:not-the-password@{address}")).ping()
    assert "not-the-password" not in str(error.value)
    assert address in str(error.value)


def test_work_at_which_a_process_died_is_sent_once_while_others_wait_and_not_counted_as_failed(
    dispatcher: Dispatcher, queue: redis.Redis, clock: Clock
) -> None:
    dispatcher.send(iter([work("a", "item"), work("b", "other")]))
    queue.rpop(IMAGES)  # its worker dies; the next one needs minutes to start on a machine with too much work
    for _ in range(MOST_SENDS + 1):
        clock.pass_quietly()
        dispatcher.resend_lost(set(), {"item"})
    assert (dispatcher.resent, queue.llen(IMAGES)) == (1, 2)
    clock.pass_quietly()
    dispatcher.resend_lost({"item"}, set())  # a worker has it, and dies too
    clock.pass_quietly()
    dispatcher.resend_lost(set(), {"item"})
    assert dispatcher.resent == 2
