"""What a session is to be like, whatever its role or database says of others.

Stage: migrate, its shell. A migration takes its time, its texts are UTF-8, and names
are printed as they are compared.
"""

from __future__ import annotations

from jobgen.migrate.catalog import Connection

_SETTINGS = {
    "client_encoding": "UTF8",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # A backfill meets rows that others write, and each batch is to see them as they are.
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "quote_all_identifiers": "off",
}
_SETTINGS_OF_17 = {"transaction_timeout": "0"}


def settle(conn: Connection, *, local: bool = False) -> None:
    """Until the end of the session, or of a RESET ALL; `local`: of the transaction."""
    newer = _SETTINGS_OF_17 if conn.info.server_version >= 170000 else {}
    for name, value in {**_SETTINGS, **newer}.items():
        conn.execute("SELECT pg_catalog.set_config(%s, %s, %s)", [name, value, local])
