"""Templates compiled once for many runs, wherever the shell keeps them.

Stage: emit. Jinja compiles a template to Python code in about 2 ms, and a build needs
half a hundred: for most schemas that is longer than all else that it does.
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from jinja2.bccache import Bucket, BytecodeCache

_DIGEST: Final = hashlib.sha256().digest_size


class Store(Protocol):
    """Bytes by name, which may be gone, damaged or refused at any time."""

    def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, data: bytes) -> None: ...


class Compiled(BytecodeCache):
    """What Jinja makes of each template, after a digest of it.

    `compiler` is all that this depends on besides the template: Jinja, its settings,
    and the filters, which it applies to constants when it compiles.
    """

    def __init__(self, store: Store, compiler: str) -> None:
        self._store = store
        self._compiler = compiler

    def load_bytecode(self, bucket: Bucket) -> None:
        data = self._store.get(bucket.key) or b""
        head, code = data[:_DIGEST], data[_DIGEST:]
        if head == hashlib.sha256(code).digest():  # anything else is damaged
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        code = bucket.bytecode_to_string()
        self._store.put(bucket.key, hashlib.sha256(code).digest() + code)

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(f"{self._compiler}\0{source}")
