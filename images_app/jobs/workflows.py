"""The durable workflows: one per attempt, each of two steps, the network and then the database.

A step runs at least once. After a crash the engine executes a workflow again from its first unrecorded step, which is
why the first looks for what an earlier execution did, and the second is guarded.
"""

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from dbos import DBOS
from sqlmodel import Session

from images_app.bootstrap import World
from images_app.core import cleanup, passwords
from images_app.core.attempt import Outcome, begin, perform
from images_app.core.retry import delay
from images_app.core.settle import settle
from images_app.errors import DatabaseUnavailable, MailError
from images_app.jobs.queue import DELETE_REMOTE, ERASE, MAIL_LINK, PROVISION, TIDY
from images_app.observe.logs import about

log = logging.getLogger(__name__)
T = TypeVar("T")
_BUSY_TRIES = 60
_LOOK_UP_S = 0.2
MOST_RECOVERIES = 4
"""Of one attempt, whose process has died so often that it may be the reason. The engine then leaves it alone, and
`reconcile` finds it."""


class Stopping(BaseException):
    """The server ends, or its slot is lost: leave the step unrecorded, so that whoever takes over executes it again.

    Not an Exception, because the engine records those as the workflow's result.
    """


class Workshop:
    """Where workflows work: the world, a folder for temporary copies, and the way to leave in the middle."""

    def __init__(self, world: World, scratch: Path) -> None:
        self.world = world
        self.scratch = scratch
        self.stopping = threading.Event()

    def transaction(self, change: Callable[[Session], T]) -> T:
        """One write transaction, again while the database is busy or away: a step that raises would end its workflow.

        Raises Stopping when the server ends, or has lost its slot, meanwhile.
        """
        for tries_left in reversed(range(_BUSY_TRIES)):
            try:
                with self.world.database.write() as session:
                    return change(session)
            except DatabaseUnavailable as error:
                if not tries_left:
                    raise
                log.info("trying again: %s", error)
                if self.stopping.wait(random.uniform(0, 1)):  # noqa: S311 (spreads load, hides nothing)
                    raise Stopping from error
        raise AssertionError("unreachable")

    def abandonable(self, call: Callable[[], T]) -> T:
        """Do what touches the network on a thread that dies with the process; raises Stopping when the server ends.

        An attempt can last a minute. Waiting for it would make Ctrl-C hang, and it is durable anyway.
        """
        answer: Future[T] = Future()
        run = copy_context().run  # what the log says of it goes along
        threading.Thread(target=run, args=(_answer, answer, call), daemon=True, name="attempt").start()
        while not wait([answer], timeout=_LOOK_UP_S).done:
            if self.stopping.is_set():
                raise Stopping
        return answer.result()


def _answer(answer: Future[T], call: Callable[[], T]) -> None:
    try:
        answer.set_result(call())
    except BaseException as error:
        answer.set_exception(error)


def register(shop: Workshop) -> None:
    """Tell the engine what its workflows do; before it is launched."""
    _register_provision(shop)
    _register_delete_remote(shop)
    _register_tidy(shop)
    _register_erase(shop)
    _register_mail_link(shop)


def _register_provision(shop: Workshop) -> None:
    world = shop.world

    @DBOS.step(name="provision.perform")
    def network(file_id: str, run: int, attempt: int) -> dict[str, Any] | None:
        work = shop.transaction(lambda session: begin(session, file_id, run, attempt))
        if work is None:
            return None
        private = world.settings.url_signing != "none"
        return shop.abandonable(
            lambda: perform(world.objects, world.cloudflare, world.media, work, scratch=shop.scratch, private=private)
        ).to_dict()

    @DBOS.step(name="provision.settle")
    def commit(file_id: str, run: int, attempt: int, result: dict[str, Any]) -> bool:
        outcome = Outcome.from_dict(result)
        most = world.settings.provision_attempts
        return shop.transaction(
            lambda session: settle(session, world.queue, file_id, run, attempt, outcome, max_attempts=most)
        )

    @DBOS.workflow(name=PROVISION, max_recovery_attempts=MOST_RECOVERIES)
    def provision(file_id: str, run: int, attempt: int) -> None:
        with about(file_id=file_id):
            result = network(file_id, run, attempt)
            if result is not None:
                commit(file_id, run, attempt, result)


def _register_delete_remote(shop: Workshop) -> None:
    world = shop.world

    @DBOS.step(name="delete_remote.delete")
    def network(cf_image_id: str) -> dict[str, float | None] | None:
        return shop.abandonable(lambda: cleanup.delete_at_cloudflare(world.cloudflare, cf_image_id))

    @DBOS.step(name="delete_remote.settle")
    def commit(cf_image_id: str, attempt: int, fault: dict[str, float | None] | None) -> None:
        shop.transaction(lambda session: cleanup.settle_deletion(session, world.queue, cf_image_id, attempt, fault))

    @DBOS.workflow(name=DELETE_REMOTE)
    def delete_remote(cf_image_id: str, attempt: int) -> None:
        commit(cf_image_id, attempt, network(cf_image_id))


def _register_tidy(shop: Workshop) -> None:
    world = shop.world

    @DBOS.step(name="tidy.look")
    def network(file_id: str) -> dict[str, Any] | None:
        found = shop.transaction(lambda session: cleanup.standing(session, file_id))
        if found is None:
            return None
        run, committed, key = found
        strays = shop.abandonable(lambda: cleanup.leftovers(world.objects, world.cloudflare, file_id, key, committed))
        return {"run": run, "strays": strays}

    @DBOS.step(name="tidy.settle")
    def commit(file_id: str, run: int, attempt: int, seen: dict[str, Any]) -> None:
        def change(session: Session) -> None:
            if seen["strays"] is None:
                world.queue.tidy(session, file_id, run, attempt + 1, delay(attempt))
            else:
                cleanup.settle_tidy(session, world.queue, file_id, seen["run"], seen["strays"])

        shop.transaction(change)

    @DBOS.workflow(name=TIDY)
    def tidy(file_id: str, run: int, attempt: int) -> None:
        with about(file_id=file_id):
            seen = network(file_id)
            if seen is not None:
                commit(file_id, run, attempt, seen)


def _register_erase(shop: Workshop) -> None:
    world = shop.world

    @DBOS.step(name="erase.delete")
    def network(file_id: str, object_key: str, look: bool) -> bool:
        return shop.abandonable(lambda: cleanup.erase(world.objects, world.cloudflare, file_id, object_key, look=look))

    @DBOS.step(name="erase.again")
    def again(file_id: str, object_key: str, look: bool, attempt: int) -> None:
        wait = delay(attempt)
        shop.transaction(lambda session: world.queue.erase(session, file_id, object_key, look, attempt + 1, wait))

    @DBOS.workflow(name=ERASE)
    def erase(file_id: str, object_key: str, look: bool, attempt: int) -> None:
        with about(file_id=file_id):
            if not network(file_id, object_key, look):
                again(file_id, object_key, look, attempt)


def _register_mail_link(shop: Workshop) -> None:
    world = shop.world

    @DBOS.step(name="mail_link.send")
    def network(link_id: str) -> bool:
        """Whether that is done. Writing and sending are one step: the engine keeps results, and must not keep secrets.
        A letter that is sent twice after a crash carries a link that works and one that does not."""
        letter = shop.transaction(lambda session: passwords.write_letter(session, link_id, world.password_page))
        if letter is None or world.mail is None:
            return True
        mail = world.mail
        try:
            shop.abandonable(lambda: mail.send(letter))
        except MailError as error:
            log.warning("the letter of %s could not be sent: %s", link_id, error)
            return False
        return True

    @DBOS.workflow(name=MAIL_LINK)
    def mail_link(link_id: str, attempt: int) -> None:
        if not network(link_id):
            again(link_id, attempt)

    @DBOS.step(name="mail_link.again")
    def again(link_id: str, attempt: int) -> None:
        shop.transaction(lambda session: world.queue.mail_link(session, link_id, attempt + 1, delay(attempt)))
