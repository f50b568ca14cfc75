"""Mistakes in the classes and functions of JSON columns.

The package `typed_shop` has one job for each module of the table, with columns of
the module's `Attachment`. What is wrong with its functions, the checkers find in
the generated module of the job, which has the same name.
"""

import json
from typing import Final

from tests.emit.schemas import files
from tests.typing.mistake import Mistake

PACKAGE: Final = "typed_shop"

_ENCODED: Final = 'Argument 3 to "encoded" has incompatible type'


def _attachment(*, decode: str = "def from_json", encode: str = "def to_json") -> str:
    return f"""
class Attachment:
    @classmethod
    {decode}(cls, value: JsonValue) -> "Attachment": raise ValueError
    {encode}(self) -> JsonValue: raise ValueError
"""


FUNCTIONS: Final = (
    Mistake(
        name="decode takes a text",
        code=_attachment().replace("value: JsonValue", "value: «str→JsonValue»"),
        mypy='Argument 1 to "from_json" of "Attachment" has incompatible type',
        pyright='cannot be assigned to parameter "value" of type "str"',
    ),
    Mistake(
        name="decode returns something else",
        code=_attachment().replace('"Attachment"', '«int→"Attachment"»'),
        mypy='incompatible type "int"; expected "Attachment"',
        pyright='"int" is not assignable to "Attachment"',
    ),
    Mistake(
        name="decode may return None",
        code=_attachment().replace('"Attachment"', '"Attachment« | None→»"'),
        mypy='incompatible type "Attachment | None"; expected "Attachment"',
        pyright='"None" is not assignable to "Attachment"',
    ),
    Mistake(
        name="decode is async",
        code=_attachment(decode="«async →»def from_json"),
        mypy='incompatible type "Coroutine[Any, Any, Attachment]"',
        pyright='"CoroutineType[Any, Any, Attachment]" is not assignable',
    ),
    Mistake(
        name="decode needs an object",
        code=_attachment().replace("@classmethod", "«→@classmethod»"),
        mypy='Missing positional argument "value" in call to "from_json"',
        pyright='Argument missing for parameter "value"',
    ),
    Mistake(
        name="decode is not there",
        code=_attachment(decode="def «load→from_json»"),
        mypy='"type[Attachment]" has no attribute "from_json"',
        pyright='Cannot access attribute "from_json" for class "type[Attachment]"',
    ),
    Mistake(
        name="encode takes something else",
        code=_attachment().replace("(self)", '(self: «int→"Attachment"»)'),
        mypy=_ENCODED,
        pyright='"Attachment" is not assignable to "int"',
    ),
    Mistake(
        name="encode takes more than the value",
        code=_attachment().replace("(self)", "(self«, indent: int→»)"),
        mypy=_ENCODED,
        pyright='Extra parameter "indent"',
    ),
    Mistake(
        name="encode returns no JSON",
        code=_attachment().replace("-> JsonValue", "-> «datetime→JsonValue»"),
        mypy=_ENCODED,
        pyright='"datetime"',
    ),
    Mistake(
        name="encode is async",
        code=_attachment(encode="«async →»def to_json"),
        mypy=_ENCODED,
        pyright='"CoroutineType[Any, Any, JsonValue]"',
    ),
    Mistake(
        name="encode is not there",
        code=_attachment(encode="def «dump→to_json»"),
        mypy='"type[Attachment]" has no attribute "to_json"',
        pyright='Cannot access attribute "to_json" for class "type[Attachment]"',
    ),
    Mistake(
        name="the class is not there",
        code=_attachment().replace("class Att", "class «Not→»Att", 1),
        mypy='has no attribute "Attachment"',
        pyright='"Attachment" is unknown import symbol',
    ),
)

_USES: Final = """
from right_encode_is_async import Attachment
from typed_shop import RightEncodeIsAsync, RightEncodeIsAsyncJob

"""

USES: Final = (
    Mistake(
        name="JSON for a class",
        code=f"""{_USES}
RightEncodeIsAsync(a=«{{}}→Attachment()»)
""",
        mypy='Argument "a" to "RightEncodeIsAsync" has incompatible type',
        pyright='cannot be assigned to parameter "a" of type "Attachment"',
    ),
    Mistake(
        name="a nullable class is used without a look",
        code=f"""{_USES}
def handler(job: RightEncodeIsAsyncJob) -> None:
    print(job.b«→ and job.b».to_json())
""",
        mypy='Item "None" of "Attachment | None" has no attribute "to_json"',
        pyright='"to_json" is not a known attribute of "None"',
    ),
)

COLUMNS: Final = (*FUNCTIONS, *USES)


def package() -> dict[str, str]:
    """The files of `typed_shop`: each module of `FUNCTIONS` is a job."""
    jobs: dict[str, object] = {}
    for mistake in FUNCTIONS:
        for module in (mistake.module("wrong"), mistake.module("right")):
            typed = {"type": "jsonb", "python": f"{module}:Attachment"}
            columns = {
                "a": typed,
                "b": {**typed, "nullable": True},
                "c": {**typed, "default": 1},
            }
            jobs[module] = {"columns": columns}
    head = f"jobgen: 1\npackage: {PACKAGE}\noutput: ../{PACKAGE}\n"
    return files(f"{head}jobs: {json.dumps(jobs)}\n")
