"""The states of a job, as the database spells them."""

from __future__ import annotations

from enum import StrEnum


class JobStatus(StrEnum):
    """The labels of the type `job_status`, in its order (IHP's `JobStatus`)."""

    NOT_STARTED = "job_status_not_started"
    RUNNING = "job_status_running"
    FAILED = "job_status_failed"
    TIMED_OUT = "job_status_timed_out"
    SUCCEEDED = "job_status_succeeded"
    RETRY = "job_status_retry"

    @classmethod
    def default(cls) -> JobStatus:
        """The state of a new row (IHP's `Default` instance)."""
        return cls.NOT_STARTED

    @classmethod
    def parse(cls, text: str) -> JobStatus:
        """Read a label, for instance from a request parameter (IHP's `ParamReader`).

        Raises `ValueError`, listing the labels, for any other text.
        """
        for status in cls:
            if status.value == text:
                return status
        labels = ", ".join(status.value for status in cls)
        raise ValueError(f"{text!r} is not a job status; the labels are {labels}")
