"""`JobStatus`: IHP's instances for defaults, forms and columns."""

import pytest

from jobgen.runtime import JobStatus
from tests.seed.kit import Connection

LABELS = [
    "job_status_not_started",
    "job_status_running",
    "job_status_failed",
    "job_status_timed_out",
    "job_status_succeeded",
    "job_status_retry",
]


def test_the_labels_are_the_servers_in_its_order(conn: Connection) -> None:
    rows = conn.execute("SELECT unnest(enum_range(NULL::job_status))::text")
    assert [label for (label,) in rows] == LABELS
    assert [status.value for status in JobStatus] == LABELS


def test_the_default_is_not_started_like_the_columns(conn: Connection) -> None:
    assert JobStatus.default() is JobStatus.NOT_STARTED
    conn.execute("INSERT INTO prune_charts_jobs DEFAULT VALUES")
    ((label,),) = conn.execute("SELECT status::text FROM prune_charts_jobs")
    assert label == JobStatus.default()


@pytest.mark.parametrize("label", LABELS)
def test_parse_and_str_are_each_others_inverse(label: str) -> None:
    status = JobStatus.parse(label)
    assert isinstance(status, JobStatus)
    assert str(status) == f"{status}" == status.value == label


@pytest.mark.parametrize(
    "text", ["", "running", "RUNNING", "job_status_runnin", " job_status_running"]
)
def test_parse_refuses_other_texts_and_lists_the_labels(text: str) -> None:
    with pytest.raises(ValueError, match="is not a job status") as refused:
        JobStatus.parse(text)
    assert all(label in str(refused.value) for label in LABELS)
