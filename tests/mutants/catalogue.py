"""The breakages: mistakes that somebody could make and must not get away with.

Later work adds its own: where the code is fast or careful for a reason, a mutant
takes the reason away.
"""

from typing import Final

from tests.mutants.migrate import MIGRATE
from tests.mutants.promises import PROMISES
from tests.mutants.runner import Mutant
from tests.mutants.worker import WORKER

_BACKOFF: Final = "tests/seed/test_backoff.py"
_BATCHES: Final = "tests/worker/test_results.py"
_COMPILED: Final = "tests/cli/test_compiled.py"
_CLOCK: Final = "tests/seed/test_clock.py"
_ENQUEUE: Final = "tests/seed/test_enqueue.py"
_FETCH: Final = "tests/seed/test_fetch.py"
_LOST: Final = "tests/worker/test_lost_answers.py"
_MODEL: Final = "tests/model/test_histories.py"
_PARALLEL: Final = "tests/cli/test_parallel.py"
_PLANS: Final = "tests/plans/test_plans.py"
_RETENTION: Final = "tests/worker/test_retention.py"
_ROLES: Final = "tests/emit/test_roles.py"
_ONE_CAUSE: Final = "tests/schema/test_one_cause.py"
_RESULTS: Final = "tests/seed/test_results.py"
_VACUUM: Final = "tests/worker/test_vacuum.py"
_TYPED_JSON: Final = "tests/emit/test_typed_json.py"
_STATEMENTS: Final = "templates/statements"
_RUNTIME: Final = "jobgen/runtime"

MUTANTS: Final = (
    Mutant(
        name="include-outside-the-project",
        file="jobgen/cli/files.py",
        old="if not Path(identity).is_relative_to(self._project):",
        new="if not self._project:",
        test="tests/cli/test_include.py",
        only="test_a_file_outside_the_project_is_not_included",
    ),
    Mutant(
        name="include-by-name",
        file="jobgen/cli/files.py",
        old="identity = os.path.realpath(name)",
        new="identity = os.path.abspath(name)",
        test="tests/cli/test_include.py",
        only="test_a_file_is_the_same_by_whatever_name",
    ),
    Mutant(
        name="unchanged-by-another-generator",
        file="jobgen/cli/unchanged.py",
        old='entry["generator"] == _generator()',
        new='entry["generator"]',
        test="tests/cli/test_unchanged.py",
        only="test_another_generator_makes_it_again",
    ),
    Mutant(
        name="null-is-a-word",
        file=f"{_RUNTIME}/plans.py",
        old="parameters.append(Array(column.dump, given))",
        new="parameters.append(given)",
        test="tests/seed/test_callers.py",
        only="test_null_arrives_as_null_whatever_the_word_means",
    ),
    Mutant(
        name="jobs-at-once",
        file="templates/python/late.py.jinja",
        old="if TYPE_CHECKING:",
        new="if True:",
        test="tests/emit/test_late.py",
        only="test_a_package_loads_what_is_asked_for",
    ),
    Mutant(
        name="enums-are-no-module",
        file=f"{_RUNTIME}/late.py",
        old="{*names, *homes.values()}",
        new="{*names}",
        test="tests/emit/test_late.py",
        only="test_a_package_loads_what_is_asked_for",
    ),
    Mutant(
        name="broken-module-is-no-name",
        file=f"{_RUNTIME}/late.py",
        old="except AttributeError as error:",
        new="except ZeroDivisionError as error:",
        test="tests/emit/test_late.py",
        only="test_what_goes_wrong_in_a_module_comes_out_as_it_is",
    ),
    Mutant(
        name="names-unlisted",
        file=f"{_RUNTIME}/late.py",
        old="[*{*present, *names}]",
        new="[*present]",
        test="tests/emit/test_late.py",
        only="test_names_are_listed_before_they_are_loaded",
    ),
    Mutant(
        name="number-beyond-its-array",
        file=f"{_RUNTIME}/adapters.py",
        old="except (struct.error, OverflowError) as error:",
        new="except struct.error as error:",
        test="tests/emit/test_round_trip.py",
        only="test_a_value_that_would_be_changed_is_refused",
    ),
    Mutant(
        name="copy-without-columns",
        file=f"{_RUNTIME}/plans.py",
        old="    if not given:  # a COPY",
        new="    if False:  # a COPY",
        test="tests/emit/test_texts.py",
        only="test_the_package_says_and_sends_what_was_written",
    ),
    Mutant(
        name="retention-waits-for-locks",
        file=f"{_STATEMENTS}/expire.sql.jinja",
        old="FOR UPDATE SKIP LOCKED",
        new="FOR UPDATE",
        test=_RETENTION,
        only="test_jobs_run_while_old_rows_are_locked_by_somebody",
    ),
    Mutant(
        name="retention-walks-over-what-is-gone",
        file=f"{_STATEMENTS}/expire.sql.jinja",
        old="AND updated_at >= $2::text::timestamp with time zone -",
        new="AND now() >= $2::text::timestamp with time zone -",
        test=_RETENTION,
        only="test_a_mark_hides_what_was_due_before_it",
    ),
    Mutant(
        name="rows-by-a-plain-id",
        file=f"{_STATEMENTS}/fetch.jinja",
        old="WHERE job.id = ANY (ARRAY[next.id])",
        new="WHERE job.id = next.id",
        test=_PLANS,
        only="test_statements_use_their_indexes_where_a_table_was_empty_at_first",
    ),
    Mutant(
        name="vacuum-warns-at-first-sight",
        file=f"{_RUNTIME}/vacuum.py",
        old="if each in self._seen}",
        new="if self._seen.setdefault(each, found[each])}",
        test=_VACUUM,
        only="test_a_session_that_holds_back_vacuum_is_named_once",
    ),
    Mutant(
        name="fence-without-owner",
        file=f"{_STATEMENTS}/fence.jinja",
        old="    AND locked_by = $2::uuid\n",
        new="    AND $2::uuid IS NOT NULL\n",
        test=_RESULTS,
        only="test_only_the_owner_writes",
    ),
    Mutant(
        name="fence-without-lock-time",
        file=f"{_STATEMENTS}/fence.jinja",
        old="locked_at = $3::timestamp with time zone",
        new="$3::timestamp with time zone IS NOT NULL",
        test=_RESULTS,
        only="test_an_old_owner_cannot_write_after_a_give_back_to_the_same_worker",
    ),
    Mutant(
        name="fence-without-attempt",
        file=f"{_STATEMENTS}/fence.jinja",
        old="attempts_count = $4::integer",
        new="$4::integer IS NOT NULL",
        test=_RESULTS,
        only="test_only_the_owner_writes",
    ),
    Mutant(
        name="fence-without-status",
        file=f"{_STATEMENTS}/fence.jinja",
        old="    AND status = 'job_status_running'\n",
        new="",
        test=_RESULTS,
        only="test_only_the_owner_writes",
    ),
    Mutant(
        name="fetch-waits-for-locks",
        file=f"{_STATEMENTS}/fetch.jinja",
        old="UPDATE SKIP LOCKED\n",
        new="UPDATE\n",
        test=_FETCH,
        only="never_wait",
    ),
    Mutant(
        name="fetch-takes-held-rows",
        file=f"{_STATEMENTS}/fetch.jinja",
        old="        AND locked_by IS NULL\n",
        new="",
        test=_FETCH,
        only="test_a_row_that_somebody_holds_is_never_fetched",
    ),
    Mutant(
        name="fetch-takes-future-rows",
        file=f"{_STATEMENTS}/fetch.jinja",
        old="run_at <= now()",
        new="run_at IS NOT NULL",
        test=_FETCH,
        only="test_rows_of_the_future_wait",
    ),
    Mutant(
        name="fetch-does-not-count",
        file=f"{_STATEMENTS}/fetch.jinja",
        old="least(job.attempts_count, 2147483646) + 1",
        new="job.attempts_count",
        test=_FETCH,
        only="test_fetch_locks_the_row_for_its_worker",
    ),
    Mutant(
        name="lock-time-of-the-transaction",
        file=f"{_STATEMENTS}/fetch.jinja",
        old="locked_at = clock_timestamp()",
        new="locked_at = now()",
        test=_FETCH,
        only="test_locked_at_is_new_for_each_fetch_of_a_transaction",
    ),
    Mutant(
        name="queue-order-of-the-server",
        file=f"{_RUNTIME}/plans.py",
        old="    rows.sort(key=_place(job.order))\n",
        new="    rows.reverse()\n",
        test=_FETCH,
        only="test_fetch_many_returns_queue_order",
    ),
    Mutant(
        name="give-back-counts",
        file=f"{_STATEMENTS}/give_back.sql.jinja",
        old="attempts_count = attempts_count - 1",
        new="attempts_count = attempts_count",
        test=_RESULTS,
        only="test_a_give_back_does_not_count",
    ),
    Mutant(
        name="one-attempt-too-many",
        file=f"{_STATEMENTS}/failed.jinja",
        old="SET status = CASE\n        WHEN attempts_count <",
        new="SET status = CASE\n        WHEN attempts_count <=",
        test=_RESULTS,
        only="test_the_last_attempt_is_final",
    ),
    Mutant(
        name="timeouts-fail",
        file=f"{_STATEMENTS}/timeout.sql.jinja",
        old="job_status_timed_out",
        new="job_status_failed",
        test=_RESULTS,
        only="test_the_last_attempt_is_final",
    ),
    Mutant(
        name="another-word-for-timeout",
        file=f"{_STATEMENTS}/timeout.sql.jinja",
        old="'Timeout reached'",
        new="'Timed out'",
        test=_RESULTS,
        only="test_timeout_says_timeout_reached",
    ),
    Mutant(
        name="success-forgets-the-last-error",
        file=f"{_STATEMENTS}/succeed.sql.jinja",
        old="    updated_at = now(),\n",
        new="    updated_at = now(),\n    last_error = NULL,\n",
        test=_RESULTS,
        only="test_success_unlocks_and_keeps_the_last_error",
    ),
    Mutant(
        name="success-keeps-the-lock",
        file=f"{_STATEMENTS}/succeed.sql.jinja",
        old="    locked_by = NULL\n",
        new="    locked_by = locked_by\n",
        test=_RESULTS,
        only="test_success_unlocks_and_keeps_the_last_error",
    ),
    Mutant(
        name="nul-in-an-error",
        file=f"{_RUNTIME}/errors.py",
        old='.replace("\\0", "\\\\x00")',
        new="",
        test=_RESULTS,
        only="test_any_error_text_is_kept",
    ),
    Mutant(
        name="surrogates-in-an-error",
        file=f"{_RUNTIME}/errors.py",
        old='"utf-8", "backslashreplace"',
        new='"utf-8"',
        test=_RESULTS,
        only="test_any_error_text_is_kept",
    ),
    Mutant(
        name="errors-of-any-length",
        file=f"{_RUNTIME}/errors.py",
        old="if len(data) <= limit:",
        new="if data:",
        test=_RESULTS,
        only="test_a_huge_error_text_keeps_its_head_and_tail",
    ),
    Mutant(
        name="one-bad-row-ends-the-fetch",
        file=f"{_RUNTIME}/plans.py",
        old="except Exception as error:  # a user's",
        new="except KeyboardInterrupt as error:  # a user's",
        test=_FETCH,
        only="test_a_row_that_cannot_be_decoded_fails_alone",
    ),
    Mutant(
        name="a-missing-module-fails-rows",
        file=f"{_RUNTIME}/plans.py",
        old="""        except ImportError:
            raise  # this program lacks a module: no row is to blame, and none is lost
""",
        new="",
        test=_TYPED_JSON,
        only="test_a_module_that_is_missing_loses_no_row",
    ),
    Mutant(
        name="encoders-get-none",
        file=f"{_RUNTIME}/values.py",
        old="    return None if value is None else encoded(column, value, encode)\n",
        new="    return encoded(column, value, encode)\n",
        test=_TYPED_JSON,
        only="test_functions_see_neither_null_nor_default",
    ),
    Mutant(
        name="pending-counts-the-future",
        file=f"{_STATEMENTS}/pending.sql.jinja",
        old="    AND run_at <= now()\n",
        new="",
        test=_FETCH,
        only="test_pending_counts_what_is_due",
    ),
    Mutant(
        name="run-at-of-the-client",
        file=f"{_RUNTIME}/plans.py",
        old="""        if column.defaulted:
            parameters.append(value is DEFAULT)
        parameters""",
        new="""        if value is DEFAULT and column.name == "run_at":
            from datetime import UTC, datetime

            value = datetime.now(UTC)
        if column.defaulted:
            parameters.append(value is DEFAULT)
        parameters""",
        test=_CLOCK,
        only="test_a_new_job_is_due_by_the_servers_clock",
    ),
    Mutant(
        name="lock-time-of-the-client",
        file=f"{_RUNTIME}/plans.py",
        old="    rows = yield _fetch(job.statements, worker_id, limit, above)\n",
        new="""    from datetime import UTC, datetime

    now = f"timestamp with time zone '{datetime.now(UTC)}'"
    step = _fetch(job.statements, worker_id, limit, above)
    rows = yield step._replace(sql=step.sql.replace("clock_timestamp()", now))
""",
        test=_CLOCK,
        only="test_a_row_is_locked_by_the_servers_clock",
    ),
    Mutant(
        name="delay-by-the-clients-clock",
        file=f"{_RUNTIME}/plans.py",
        old="    return _result(statements.give_back, (*fence.parameters, delay))\n",
        new="""    from datetime import UTC, datetime

    if delay is not None:
        delay += fence.locked_at - datetime.now(UTC)
    return _result(statements.give_back, (*fence.parameters, delay))
""",
        test=_CLOCK,
        only="test_a_handlers_delay_begins_by_the_servers_clock",
    ),
    Mutant(
        name="enqueue-commits",
        file=f"{_RUNTIME}/sync.py",
        old="    row = _row(conn, plans.enqueue(job, new))\n",
        new="""    row = _row(conn, plans.enqueue(job, new))
    conn.commit()
""",
        test=_ENQUEUE,
        only="test_jobs_are_part_of_the_callers_transaction",
    ),
    Mutant(
        name="aio-enqueue-commits",
        file=f"{_RUNTIME}/aio.py",
        old="    row = await _row(conn, plans.enqueue(job, new))\n",
        new="""    row = await _row(conn, plans.enqueue(job, new))
    await conn.commit()
""",
        test=_ENQUEUE,
        only="test_jobs_are_part_of_the_callers_transaction",
    ),
    Mutant(
        name="bulk-commits",
        file=f"{_RUNTIME}/sync.py",
        old="""        SyncCursor(conn).execute("SELECT")\n""",
        new="        pass\n",
        test=_ENQUEUE,
        only="test_jobs_are_part_of_the_callers_transaction",
    ),
    Mutant(
        name="aio-bulk-commits",
        file=f"{_RUNTIME}/aio.py",
        old="""        await AsyncCursor(conn).execute("SELECT")\n""",
        new="        pass\n",
        test=_ENQUEUE,
        only="test_jobs_are_part_of_the_callers_transaction",
    ),
    Mutant(
        name="retries-in-the-past",
        file=f"{_STATEMENTS}/failed.jinja",
        old="THEN now() + coalesce(",
        new="THEN now() - coalesce(",
        test=_RESULTS,
        only="test_failure_keeps_the_error_and_waits_for_the_retry",
    ),
    Mutant(
        name="retries-in-the-past-after-a-timeout",
        file=f"{_STATEMENTS}/timeout.sql.jinja",
        old="            + {{ backoff }}\n",
        new="            - {{ backoff }}\n",
        test=_RESULTS,
        only="test_timeout_says_timeout_reached",
    ),
    Mutant(
        name="jitter-lengthens",
        file="jobgen/emit/backoff.py",
        old="(1 - {backoff.jitter!r} * random())",
        new="(1 + {backoff.jitter!r} * random())",
        test=_BACKOFF,
        only="test_jitter_stays_between_its_bounds_and_varies",
    ),
    Mutant(
        name="cap-rounded-down-on-the-server",
        file="jobgen/emit/backoff.py",
        old="-(-backoff.max // backoff.delay)",
        new="(backoff.max // backoff.delay)",
        test=_BACKOFF,
        only="test_delay_is_written_to_the_second_for_any_attempt",
    ),
    Mutant(
        name="cap-of-the-wrong-sign-in-retry-delay",
        file=f"{_RUNTIME}/backoff.py",
        old="-(-backoff.max // backoff.delay)",
        new="(-backoff.max // backoff.delay)",
        test=_BACKOFF,
        only="test_delay_is_written_to_the_second_for_any_attempt",
    ),
    Mutant(
        name="rows-of-a-lost-fetch-stay-running",
        file=f"{_RUNTIME}/strays.py",
        old="self._doubt.lost(time.monotonic(), self._link.session)",
        new="pass",
        test=_LOST,
        only="test_rows_of_a_fetch_whose_answer_is_lost_are_given_back_and_run",
    ),
    Mutant(
        name="one-look-for-a-lost-fetch",
        file=f"{_RUNTIME}/doubt.py",
        old="session is not None and session not in alive",
        new="True",
        test=_LOST,
        only="test_a_row_that_a_lost_fetch_takes_after_the_worker_is_back",
    ),
    Mutant(
        name="rows-in-hand-are-taken-for-lost",
        file=f"{_RUNTIME}/strays.py",
        old="set(held) - known",
        new="set(held)",
        test=_LOST,
        only="test_what_is_in_hand_while_the_worker_looks_is_not_taken_for_lost",
    ),
    Mutant(
        name="a-spoilt-statement-is-kept",
        file=f"{_RUNTIME}/table.py",
        old="link.briefly if self.is_shut else link.run",
        new="link.run",
        test="tests/worker/test_connections.py",
        only="test_a_column_gets_another_type_while_a_worker_runs",
    ),
    Mutant(
        name="threads-row-is-given-back",
        file=f"{_RUNTIME}/worker.py",
        old="self._attempts.interrupt(threads=False)",
        new="self._attempts.interrupt(threads=True)",
        test="tests/worker/test_faults.py",
        only="test_a_plain_handler_keeps_its_row_while_its_thread_goes_on",
    ),
    Mutant(
        name="first-job-starves-the-others",
        file=f"{_RUNTIME}/fetching.py",
        old="""                self._tables.remove(table)
                self._tables.append(table)
""",
        new="                pass\n",
        test="tests/worker/test_timing.py",
        only="test_jobs_take_turns_under_a_limit_of_the_process",
    ),
    Mutant(
        name="batch-without-lock-time",
        file=f"{_STATEMENTS}/fence_many.jinja",
        old="    AND job.locked_at = done.locked_at\n    AND job.attempts_count = done"
        ".attempt\n",
        new="",
        test=_BATCHES,
        only="test_a_batch_leaves_out_what_a_later_attempt_owns",
    ),
    Mutant(
        name="batch-without-owner",
        file=f"{_STATEMENTS}/fence_many.jinja",
        old="    AND job.locked_by IS NOT DISTINCT FROM $1::uuid\n",
        new="    AND $1::uuid IS NOT NULL\n",
        test=_BATCHES,
        only="test_a_batch_leaves_out_what_a_later_attempt_owns",
    ),
    Mutant(
        name="batch-by-the-index-of-running-rows",
        file=f"{_STATEMENTS}/fence_many.jinja",
        old="job.status IS NOT DISTINCT FROM ",
        new="job.status = ",
        test=_PLANS,
        only="test_statements_use_their_indexes_before_and_after_an_analyze",
    ),
    Mutant(
        name="rescue-beyond-the-last-attempt",
        file=f"{_STATEMENTS}/rescue.jinja",
        old="has_attempts AND NOT abandoned",
        new="NOT abandoned",
        test=_MODEL,
        only="test_a_queue_does_what_its_model_does",
    ),
    Mutant(
        name="batch-waits-for-a-locked-row",
        file=f"{_RUNTIME}/results.py",
        old="            await self._write_unlocked(pile, batch)\n",
        new="            pile.put_back(batch, errors.LockNotAvailable())\n",
        test=_BATCHES,
        only="test_a_locked_row_holds_up_no_other_result",
    ),
    Mutant(
        name="waiting-rows-stay-running",
        file=f"{_RUNTIME}/attempts.py",
        old="        while queue.waiting:\n",
        new="        while False:\n",
        test=_BATCHES,
        only="test_rows_that_wait_for_a_slot_are_given_back_at_the_end",
    ),
    Mutant(
        name="a-producer-reads-everything",
        file="jobgen/schema/grants.py",
        old='privilege="SELECT", columns=("id",)',
        new='privilege="SELECT"',
        test=_ROLES,
        only="test_a_producer_can_do_nothing_else",
    ),
    Mutant(
        name="a-producer-forges-a-status",
        file="jobgen/schema/grants.py",
        old='privilege="INSERT", columns=columns',
        new='privilege="INSERT"',
        test=_ROLES,
        only="test_a_producer_can_do_nothing_else",
    ),
    Mutant(
        name="a-worker-changes-payloads",
        file="jobgen/schema/grants.py",
        old='privilege="UPDATE", columns=_RESULT',
        new='privilege="UPDATE"',
        test=_ROLES,
        only="test_a_worker_can_neither_enqueue_nor_change_a_payload",
    ),
    Mutant(
        name="a-worker-deletes-what-is-kept",
        file="jobgen/schema/grants.py",
        old="    if job.deletes_rows:\n        yield",
        new="    yield",
        test=_ROLES,
        only="test_a_worker_can_neither_enqueue_nor_change_a_payload",
    ),
    Mutant(
        name="a-worker-cannot-delay-a-job",
        file="jobgen/schema/grants.py",
        old='    "run_at",\n)',
        new=")",
        test=_ROLES,
        only="test_a_worker_has_every_function_of_its_side",
    ),
    Mutant(
        name="an-older-server-is-accepted",
        file="templates/sql/version_block.jinja",
        old="{{ minimum }}0000 THEN",
        new="0 THEN",
        test="tests/emit/test_schema_sql.py",
        only="test_a_server_older_than_the_minimum_is_refused_with_the_reason",
    ),
    Mutant(
        name="misspelt-key-is-not-read",
        file="jobgen/schema/fields.py",
        old="            self._entries.setdefault(better, entry)\n",
        new="            pass\n",
        test=_ONE_CAUSE,
        only="test_what_follows_from_a_mistake_is_not_reported",
    ),
    Mutant(
        name="unreadable-columns-are-judged",
        file="jobgen/schema/jobs.py",
        old='        context.places.doubt("jobs", name, "columns")\n',
        new="        pass\n",
        test=_ONE_CAUSE,
        only="test_what_follows_from_a_mistake_is_not_reported",
    ),
    Mutant(
        name="guess-among-beginnings",
        file="jobgen/schema/guesses.py",
        old="dict.fromkeys((*_around(word, self.forwards), *reverse))",
        new="_around(word, self.forwards)",
        test="tests/schema/test_guesses.py",
        only="test_the_nearest_of_many_is_found_wherever_the_slip_is",
    ),
    Mutant(
        name="guess-without-end",
        file="jobgen/schema/guesses.py",
        old="self._left -= 1 + len(word) * sum(map(len, near))",
        new="self._left -= 1",
        test="tests/schema/test_guesses.py",
        only="test_thousands_of_typos_are_guessed_until_it_takes_too_long",
    ),
    Mutant(
        name="guess-minds-capitals",
        file="jobgen/schema/guesses.py",
        old="spelling = {each.lower(): each for each in known}",
        new="spelling = {each: each for each in known}",
        test=_ONE_CAUSE,
        only="test_what_was_meant_is_guessed",
    ),
    Mutant(
        name="process-with-threads-is-copied",
        file="jobgen/cli/parallel.py",
        old='sys.platform != "linux" or threading.active_count() > 1',
        new='sys.platform != "linux"',
        test=_PARALLEL,
        only="test_a_process_with_threads_is_not_copied",
    ),
    Mutant(
        name="killed-copy-is-believed",
        file="jobgen/cli/parallel.py",
        old="        done[number] if number in done else task() for number",
        new="        done.get(number, {}) for number",
        test=_PARALLEL,
        only="test_what_a_killed_copy_owes_is_done",
    ),
    Mutant(
        name="results-of-a-failed-copy-are-read",
        file="jobgen/cli/parallel.py",
        old="return {} if status else pickle.load(stream)",
        new="return pickle.load(stream)",
        test=_PARALLEL,
        only="test_what_a_killed_copy_owes_is_done",
    ),
    Mutant(
        name="what-cannot-be-written-has-no-name",
        file="jobgen/cli/disk.py",
        old="            error.filename = str(path)",
        new="            pass",
        test=_PARALLEL,
        only="test_a_file_that_no_process_can_write_is_told_once",
    ),
    Mutant(
        name="damaged-template-is-believed",
        file="jobgen/emit/compiled.py",
        old="if head == hashlib.sha256(code).digest():",
        new="if code:",
        test=_COMPILED,
        only="test_a_damaged_one_is_compiled_again",
    ),
    Mutant(
        name="template-of-another-compiler",
        file="jobgen/emit/compiled.py",
        old='f"{self._compiler}\\0{source}"',
        new="source",
        test=_COMPILED,
        only="test_all_are_compiled_again_by_another_compiler",
    ),
    Mutant(
        name="empty-file-is-nobodys",
        file="jobgen/cli/disk.py",
        old="return old if old == new else _not_ours(path)",
        new="return old if old == new or not old else _not_ours(path)",
        test="tests/cli/test_build.py",
        only="test_a_file_of_somebody_else_is_not_overwritten",
    ),
    Mutant(
        name="finished-is-taken-for-lost",
        file=f"{_RUNTIME}/strays.py",
        old="for fence in set(held) - known:",
        new="for fence in set(held) - frozenset(self._known()):",
        test=_LOST,
        only="test_what_is_in_hand_while_the_worker_looks_is_not_taken_for_lost",
    ),
    Mutant(
        name="a-suspended-machine-is-a-blocked-loop",
        file=f"{_RUNTIME}/heartbeat.py",
        old="worked < late / 2",
        new="worked > late",
        test="tests/worker/test_faults.py",
        only="test_the_loop_is_not_blamed_where_the_whole_process_stood_still",
    ),
    *MIGRATE,
    *WORKER,
    *PROMISES,
)
