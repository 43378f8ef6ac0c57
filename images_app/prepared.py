"""Statements that are run with every request: made ready once, and then handed to the driver.

SQLAlchemy, too, compiles a statement once; but each time it runs one it spends several times as long around it as
SQLite spends on a seek, and makes an object of every row. What is here is still SQLAlchemy's: the SQL and the types of
both engines, the connection and its transaction, its events, its errors. Objects are loaded in the usual way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

Values = Mapping[str, Any]
"""Of a statement's parameters, by name."""
_Convert = Callable[[Any], Any]


class Prepared:
    """A SELECT of plain columns. Its parameters are `bindparam`s, none of which stands for several values."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._forms: WeakKeyDictionary[Dialect, _Form] = WeakKeyDictionary()

    def all(self, session: Session, values: Values) -> list[tuple[Any, ...]]:
        """Every row."""
        return self._run(session, values, lambda cursor: cast(list[tuple[Any, ...]], cursor.fetchall()))

    def first(self, session: Session, values: Values) -> tuple[Any, ...] | None:
        """The first row; None when there is none."""
        found = self._run(session, values, lambda cursor: [row] if (row := cursor.fetchone()) else [])
        return found[0] if found else None

    def _run(
        self, session: Session, values: Values, fetch: Callable[[Any], list[tuple[Any, ...]]]
    ) -> list[tuple[Any, ...]]:
        connection = session.connection()
        dialect = connection.dialect
        form = self._forms.get(dialect)
        if form is None:
            form = self._forms[dialect] = _Form.of(self.statement, dialect)
        given = form.given(values)
        driver = connection.connection
        cursor = driver.cursor()
        try:
            for listener in connection.engine.dispatch.before_cursor_execute:
                listener(connection, cursor, form.sql, given, None, False)
            cursor.execute(form.sql, given)
            return form.converted(fetch(cursor))
        except dialect.loaded_dbapi.Error as error:
            raise _told(error, connection, form.sql, given) from error
        finally:
            cursor.close()


@dataclass(frozen=True)
class _Form:
    """A statement as one engine's driver takes it, and what is to be done to the values that go in and come out."""

    sql: str
    order: Sequence[str] | None
    """Names of the parameters where the driver takes them by position."""
    constants: Values
    binds: Sequence[tuple[str, _Convert]]
    columns: Sequence[tuple[int, _Convert]]

    @classmethod
    def of(cls, statement: Any, dialect: Dialect) -> "_Form":
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect))
        own = {name: _own(bind.type, dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        columns = (
            (place, _own(column.type, dialect).result_processor(dialect, None))
            for place, column in enumerate(statement.selected_columns)
        )
        return cls(
            compiled.string,
            compiled.positiontup if compiled.positional else None,
            {name: bind.value for name, bind in compiled.binds.items() if not bind.required},
            [(name, convert) for name, convert in own.items() if convert is not None],
            [(place, convert) for place, convert in columns if convert is not None],
        )

    def given(self, values: Values) -> Any:
        """The parameters for the driver."""
        named = {**self.constants, **values}
        for name, convert in self.binds:
            named[name] = convert(named[name])
        return named if self.order is None else tuple([named[name] for name in self.order])

    def converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows with their values as the types want them."""
        if not self.columns:
            return rows
        found = []
        for row in rows:
            changed = list(row)
            for place, convert in self.columns:
                changed[place] = convert(changed[place])
            found.append(tuple(changed))
        return found


def _own(type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type.dialect_impl(dialect)


def _told(error: Exception, connection: Connection, sql: str, given: Any) -> BaseException:
    """The driver's error as SQLAlchemy tells it; a connection that is gone goes out of the pool."""
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]
    if is_gone:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql, given, error, dialect.loaded_dbapi.Error, connection_invalidated=is_gone, dialect=dialect
    )
