"""The breakages of waking up: promises, barriers, marks, rows that wait, dead lines."""

from typing import Final

from tests.mutants.runner import Mutant

_PROMISES: Final = "jobgen/runtime/promises.py"
_ATTEMPTS: Final = "jobgen/runtime/attempts.py"
_MARK: Final = "jobgen/runtime/mark.py"
_SLOTS: Final = "tests/wakeups/test_slots.py"
_WITHDRAWALS: Final = "tests/wakeups/test_withdrawals.py"

PROMISES: Final = (
    Mutant(
        name="a-promise-is-not-withdrawn",
        file=_PROMISES,
        old="worker_plans.withdraw(lease)):",
        new="worker_plans.probe()):",
        test=_SLOTS,
        only="test_a_worker_with_a_free_slot_does_not_sleep_on_its_promise",
    ),
    Mutant(
        name="the-barrier-is-ignored",
        file=_PROMISES,
        old="        return await table.run(self._link, barrier)\n",
        new="        return await table.run(self._link, barrier) or True\n",
        test=_WITHDRAWALS,
        only="test_a_job_that_read_a_promise_is_found_however_late_it_is_committed",
    ),
    Mutant(
        name="the-barrier-is-of-the-last-promise",
        file=_PROMISES,
        old="            table.transaction = None\n",
        new="            pass\n",
        test=_WITHDRAWALS,
        only="test_a_job_that_read_a_promise_is_found_however_late_it_is_committed",
    ),
    Mutant(
        name="a-promise-without-room",
        file="jobgen/runtime/fetching.py",
        old="                self._waits_for_room = True\n",
        new="                self._waits_for_room = True\n"
        "                await self._promises.renew(table)\n",
        test=_SLOTS,
        only="test_a_promise_runs_out_once_no_slot_is_free",
    ),
    Mutant(
        name="a-free-slot-is-slept-on",
        file=_ATTEMPTS,
        old="                self.on_free()  # they kept",
        new="                pass  # they kept",
        test=_SLOTS,
        only="test_a_worker_with_a_free_slot_does_not_sleep_on_its_promise",
    ),
    Mutant(
        name="rows-wait-in-vain",
        file=_ATTEMPTS,
        old="if queue.waiting and stuck:",
        new="if queue.waiting and queue.pace.finished < finished:",
        test=_SLOTS,
        only="test_rows_fetched_ahead_go_to_others_when_no_slot_becomes_free",
    ),
    Mutant(
        name="a-look-is-put-off-by-asking",
        file="jobgen/runtime/watch.py",
        old="self.look_at = min(self.look_at, now + self._pause)",
        new="self.look_at = now + self._pause",
        test="tests/wakeups/test_watch.py",
        only="test_a_look_is_not_put_off_by_asking_again_and_again",
    ),
    Mutant(
        name="a-stream-of-jobs-is-never-promised",
        file="jobgen/runtime/watch.py",
        old="            and self._found_in_a_row < _STREAM\n",
        new="",
        test="tests/wakeups/test_withdrawals.py",
        only="test_jobs_that_keep_coming",
    ),
    Mutant(
        name="a-promise-taken-back-is-not-made-anew",
        file=_PROMISES,
        old="            table.watch.withdrawn()\n",
        new="",
        test=_WITHDRAWALS,
        only="test_a_promise_that_was_taken_back",
    ),
    Mutant(
        name="a-mark-is-never-forgotten",
        file=_MARK,
        old="if self._key is not None and now >= self._forget_at:",
        new="if self._key is not None and now < 0:",
        test="tests/wakeups/test_marks.py",
    ),
    Mutant(
        name="a-mark-lives-on-with-each-batch",
        file=_MARK,
        old="        if self._key is None:\n",
        new="        if last:\n",
        test="tests/wakeups/test_mark.py",
        only="test_full_batches_do_not_prolong_it",
    ),
    Mutant(
        name="the-first-of-each-priority-is-passed-over",
        file="templates/statements/next_by_priority.jinja",
        old=">= (level.run_at, level.id)",
        new="> (level.run_at, level.id)",
        test="tests/seed/test_priorities.py",
    ),
    Mutant(
        name="an-acknowledgement-without-a-fence",
        file="templates/statements/fence.jinja",
        old="""    AND locked_by = $2::uuid
    AND locked_at = $3::timestamp with time zone
    AND attempts_count = $4::integer
    AND status = 'job_status_running'
""",
        new="""    AND ($2::uuid, $3::timestamp with time zone, $4::integer) IS NOT NULL
""",
        test="tests/worker/test_outcomes.py",
        only="test_a_row_taken_over_meanwhile_is_not_overwritten",
    ),
    Mutant(
        name="a-half-open-connection-is-never-noticed",
        file="jobgen/runtime/link.py",
        old="        hang_up(conn)\n",
        new="        pass\n",
        test="tests/seed/test_mistakes.py",
        only="test_10_a_half_open_listening_connection_is_noticed",
    ),
    Mutant(
        name="a-moment-between-two-statements-is-death",
        file="jobgen/runtime/liveness.py",
        old=" OR state_change > clock_timestamp() - interval '1 second'",
        new="",
        test="tests/worker/test_connections.py",
        only="test_work_in_many_short_statements_is_not_taken_for_dead",
    ),
    Mutant(
        name="a-server-that-cannot-get-rid-of-an-answer-is-at-work",
        file="jobgen/runtime/liveness.py",
        old="if is_sending and _heard(conn) < asked - DOUBT_SECONDS:",
        new="if is_sending and _heard(conn) < 0:",
        test="tests/worker/test_large_answers.py",
        only="test_an_answer_that_stops_coming_in_is_given_up",
    ),
    Mutant(
        name="a-server-that-cannot-get-rid-of-an-answer-keeps-the-rows",
        file="jobgen/runtime/liveness.py",
        old="            await cursor.execute(_END, session)\n",
        new="            pass\n",
        test="tests/worker/test_large_answers.py",
        only="test_an_answer_that_stops_coming_in_is_given_up",
    ),
    Mutant(
        name="a-server-that-sends-slowly-is-dead",
        file="jobgen/runtime/liveness.py",
        old="if is_sending and _heard(conn) < asked - DOUBT_SECONDS:",
        new="if is_sending:",
        test="tests/worker/test_large_answers.py",
        only="test_an_answer_that_comes_in_slowly_is_not_taken_for_dead",
    ),
    Mutant(
        name="an-answer-that-nobody-reads-has-stopped",
        file="jobgen/runtime/liveness.py",
        old="twin.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)",
        new="raise BlockingIOError",
        test="tests/worker/test_large_answers.py",
        only="test_an_answer_that_nobody_reads_is_not_taken_for_dead",
    ),
    Mutant(
        name="a-session-that-was-lent-on-is-at-our-work",
        file="jobgen/runtime/liveness.py",
        old="* 1000000)::bigint = $2\n",
        new="* 1000000)::bigint <= $2 + 60000000\n",
        test="tests/worker/test_pooler.py",
        only="test_a_session",
    ),
    Mutant(
        name="a-silent-transaction-holds-its-rows",
        file="jobgen/runtime/link.py",
        old="SET LOCAL idle_in_transaction_session_timeout = '10s';\n",
        new="",
        test="tests/worker/test_connections.py",
        only="test_a_transaction_whose_worker_fell_silent_holds_its_rows_for_seconds",
    ),
    Mutant(
        name="two-releases-undo-each-others-triggers",
        file="jobgen/runtime/triggers.py",
        old="            if faults and await self._has_elders(conn, job):\n",
        new="            if not faults:\n",
        test="tests/worker/test_previous.py",
        only="test_triggers_are_left_to_the_previous_release_until_it_is_gone",
    ),
    Mutant(
        name="a-refused-snooze-is-given-back",
        file="jobgen/runtime/results.py",
        old="        self._written(attempt, final, written)\n",
        new="        self._written(attempt, acknowledgement, written)\n",
        test="tests/worker/test_outcomes.py",
        only="test_a_snooze_that_the_database_refuses_is_counted_as_the_failure",
    ),
)
