"""The states of tabs, which follow a tab from server to server.

A tab speaks to one server at a time, so that server has its states in memory, as Reflex does with one server. After
each event a copy goes to Redis; a server that a tab comes to takes up the copy. So no event waits for a lock in
Redis, and without Redis a tab that moves is in the same place as one whose server was restarted: it asks again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import BaseState, State

from images_app.shared import Shared

KEPT_S = 3600
"""After the last event. A tab whose states are gone is handed everything anew."""
_ARRIVING = (".hydrate", ".hydrate_and_load")


class CarriedStates(StateManagerMemory):
    """Memory, and a copy in Redis."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(token_expiration=KEPT_S)
        self._shared = shared
        # Only to read and write whole trees; its locks are not used.
        self._copies = StateManagerRedis(
            redis=shared.client, token_expiration=KEPT_S, lock_expiration=10_000, lock_warning_threshold=1_000
        )

    @asynccontextmanager
    async def modify_state(self, token: Any, **context: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        """The states of a tab, for one event, exclusively."""
        async with super().modify_state(token, **context) as state:
            assert isinstance(state, BaseState)
            whole = BaseStateToken(ident=token.ident, cls=State)
            event = context.get("event")
            # Whoever connects may have been elsewhere since; a state that has seen no event is one just made.
            if not state.router_data or (event is not None and event.name.endswith(_ARRIVING)):
                state = await self._copy(whole) or state
                self.states[whole.cache_key] = state
            try:
                yield state
            finally:
                await self._shared.ask(lambda _: self._copies.set_state(whole, state))

    async def _copy(self, token: BaseStateToken) -> BaseState | None:
        async def read(_: object) -> BaseState:
            return await self._copies.get_state(token)

        found = await self._shared.ask(read)
        return found if found is not None and found.router_data else None


def carried_states(shared: Shared) -> Any:
    """The state manager of a server that shares Redis with others."""
    return CarriedStates(shared)
