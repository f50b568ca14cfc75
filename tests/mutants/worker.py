"""The breakages of the worker: slots and lanes, results, locks, fetches ahead."""

from typing import Final

from tests.mutants.runner import Mutant

_ARRIVALS: Final = "tests/worker/test_arrivals.py"
_CURRENT: Final = "tests/worker/test_current.py"
_FETCH_ABOVE: Final = "tests/seed/test_fetch_above.py"
_LANES: Final = "tests/worker/test_lanes.py"
_LOCKS: Final = "tests/worker/test_locks.py"
_NEEDS: Final = "jobgen/runtime/needs.py"
_PACE: Final = "tests/worker/test_pace.py"
_PREFLIGHT: Final = "tests/worker/test_preflight.py"
_RESULTS: Final = "tests/worker/test_results.py"
_SLOTS: Final = "tests/worker/test_slots.py"
_TIMING: Final = "tests/worker/test_timing.py"
_ATTEMPTS: Final = "jobgen/runtime/attempts.py"
_EXECUTE: Final = "jobgen/runtime/execute.py"
_FETCHING: Final = "jobgen/runtime/fetching.py"

WORKER: Final = (
    # --- fetched rows that are not decoded yet
    Mutant(
        name="a-batch-is-decoded-before-the-next-fetch",
        file=_FETCHING,
        old="            asyncio.get_running_loop().call_soon(self._unpack_early)\n",
        new="            self._unpack()\n",
        test=_ARRIVALS,
        only="test_the_next_fetch_is_sent_before_a_full_batch_is_decoded",
    ),
    Mutant(
        name="rows-on-their-way-leave-room",
        file=_ATTEMPTS,
        old=" + coming.get(bound.job.name, 0)",
        new="",
        test=_ARRIVALS,
        only="test_rows_that_are_not_decoded_yet_take_room",
    ),
    Mutant(
        name="undecodable-rows-of-a-full-batch-stay",
        file=_FETCHING,
        old="        await self._reject()\n        if self._strays",
        new="        if self._strays",
        test=_ARRIVALS,
        only="test_rows_of_a_full_batch_that_cannot_be_decoded_fail_alone",
    ),
    Mutant(
        name="a-missing-module-strands-a-batch",
        file=_FETCHING,
        old="        with self._strays.suspected():\n            self._arrivals.unpack()\n",
        new="        self._arrivals.unpack()\n",
        test=_ARRIVALS,
        only="test_a_full_batch_is_given_back_where_a_module_is_missing",
    ),
    # --- what a release needs
    Mutant(
        name="a-wider-type-is-refused",
        file=_NEEDS,
        old="not (loose and _is_wider(*pair))",
        new="True",
        test=_PREFLIGHT,
        only="test_a_database_that_is_newer_and_can_do_is_accepted",
    ),
    Mutant(
        name="what-others-must-write-is-overlooked",
        file=_NEEDS,
        old="    lacks.extend(_unwritable(needs, found))\n",
        new="",
        test=_PREFLIGHT,
        only="test_a_database_that_cannot_do_is_refused",
    ),
    Mutant(
        name="a-quoted-column-is-not-written",
        file=_NEEDS,
        old="""each.name.strip('"')""",
        new="each.name",
        test=_PREFLIGHT,
        only="test_a_database_that_is_newer_and_can_do_is_accepted",
    ),
    Mutant(
        name="what-is-nullable-by-now-is-refused",
        file=_NEEDS,
        old='may be NULL", loose',
        new='may be NULL", False',
        test=_PREFLIGHT,
        only="test_a_release_and_the_next_start_as_their_migration_allows",
    ),
    Mutant(
        name="types-are-told-under-the-path-of-the-session",
        file="jobgen/runtime/preflight.py",
        old="set_config('search_path', 'pg_catalog', true)",
        new="1",
        test=_PREFLIGHT,
        only="test_the_search_path_of_the_session_does_not_matter",
    ),
    # --- lanes
    Mutant(
        name="a-handler-that-waits-keeps-the-lane",
        file=_ATTEMPTS,
        old="attempt.task, queue.lane = queue.lane, None",
        new="attempt.task = queue.lane",
        test=_SLOTS,
        only="test_all_free_slots_are_taken_by_handlers_that_wait",
    ),
    Mutant(
        name="no-lane-after-a-handler-that-waits",
        file=_ATTEMPTS,
        old="queue.lane = queue.lane, None\n        self._fill(queue)\n",
        new="queue.lane = queue.lane, None\n",
        test=_SLOTS,
        only="test_all_free_slots_are_taken_by_handlers_that_wait",
    ),
    Mutant(
        name="one-context-for-all-lanes",
        file=_ATTEMPTS,
        old="context=self._context.copy()",
        new="context=self._context",
        test=_CURRENT,
        only="test_a_handlers_attempt_is_its_own_while_others_begin",
    ),
    Mutant(
        name="a-handler-writes-into-the-next-ones-context",
        file=_ATTEMPTS,
        old="return contextvars.copy_context() != self._context",
        new="return False",
        test=_LANES,
        only="test_what_a_handler_writes_into_its_context_no_other_sees",
    ),
    Mutant(
        name="a-handler-cancels-the-next",
        file=_ATTEMPTS,
        old="if lane is not None and lane.cancelling():",
        new="if lane is None:",
        test=_LANES,
        only="test_a_handler_that_cancels_itself_ends_no_other",
    ),
    Mutant(
        name="a-task-for-each-handler",
        file=_EXECUTE,
        old="        RUNNING.reset(token)\n",
        new="        pass\n",
        test=_LANES,
        only="test_handlers_that_never_wait_share_their_tasks",
    ),
    Mutant(
        name="a-thread-without-its-attempt",
        file=_EXECUTE,
        old="context.run(attempt.call)",
        new="attempt.call()",
        test=_CURRENT,
        only="test_a_handlers_attempt_is_its_own_while_others_begin",
    ),
    Mutant(
        name="who-cancels-itself-is-given-back",
        file=_EXECUTE,
        old="return Interrupted() if attempt.interrupted else Raised(error)",
        new="return Interrupted()",
        test=_LANES,
        only="test_a_handler_that_cancels_itself_ends_no_other",
    ),
    Mutant(
        name="what-a-handler-first-waits-for-is-forgotten",
        file=_EXECUTE,
        old="_awaited(attempt, _resume(result, waits_for))",
        new="_awaited(attempt, result)",
        test=_LANES,
        only="test_the_first_step_is_made_once_and_gets_what_it_waits_for",
    ),
    Mutant(
        name="the-first-wait-cannot-be-cancelled",
        file=_EXECUTE,
        old="waits_for = coroutine.throw(error)",
        new="waits_for = coroutine.send(None)",
        test=_LANES,
        only="test_a_handler_that_cancels_itself_ends_no_other",
    ),
    Mutant(
        name="a-burst-without-end",
        file=_ATTEMPTS,
        old="_BURST: Final = 100\n",
        new="_BURST: Final = 100_000\n",
        test=_SLOTS,
        only="test_the_loop_has_its_turn_within_a_burst",
    ),
    Mutant(
        name="nothing-starts-after-a-burst",
        file=_ATTEMPTS,
        old="            queue.lane = None\n            self._fill(queue)\n",
        new="            queue.lane = None\n",
        test=_SLOTS,
        only="test_a_burst_larger_than_the_limit_runs_to_its_end",
    ),
    # --- slots
    Mutant(
        name="no-limit-of-the-process",
        file=_ATTEMPTS,
        old="min(queue.free, self._limit - self._taken)",
        new="queue.free",
        test=_SLOTS,
        only="test_a_limit_of_the_process_holds_for_all_jobs_together",
    ),
    Mutant(
        name="the-limit-of-the-process-for-each-job",
        file=_ATTEMPTS,
        old="self._limit - self._taken",
        new="self._limit - len(queue.running)",
        test=_SLOTS,
        only="test_a_limit_of_the_process_holds_for_all_jobs_together",
    ),
    Mutant(
        name="a-slot-of-the-process-stays-taken",
        file=_ATTEMPTS,
        old="        self._taken -= 1\n",
        new="",
        test=_SLOTS,
        only="test_a_limit_of_the_process_holds_for_all_jobs_together",
    ),
    Mutant(
        name="a-slot-of-the-job-stays-taken",
        file=_ATTEMPTS,
        old="        queue.running.pop(attempt, None)\n",
        new="",
        test=_TIMING,
        only="test_the_limits_on_handlers_at_once_are_used_and_never_exceeded",
    ),
    Mutant(
        name="a-slot-stays-taken-after-an-overrun",
        file=_ATTEMPTS,
        old="        queue.overrunning.discard(attempt)\n",
        new="",
        test=_TIMING,
        only="test_a_plain_handler_that_overruns_is_marked_at_once",
    ),
    Mutant(
        name="an-overrun-gives-its-slot-away",
        file=_ATTEMPTS,
        old="len(self.running) - len(self.overrunning)",
        new="len(self.running)",
        test=_TIMING,
        only="test_a_plain_handler_that_overruns_is_marked_at_once",
    ),
    Mutant(
        name="no-deadline",
        file=_ATTEMPTS,
        old="if queue.timeout is not None:\n                    attempt",
        new="if False:\n                    attempt",
        test=_TIMING,
        only="test_an_async_handler_that_overruns_is_cancelled",
    ),
    Mutant(
        name="one-deadline-of-all",
        file=_ATTEMPTS,
        old="queue.timer = loop.call_later(left, self._check_time, queue)",
        new="pass",
        test=_SLOTS,
        only="test_every_deadline_is_kept_and_not_the_first_alone",
    ),
    # --- fetches ahead
    Mutant(
        name="long-handlers-fetch-ahead",
        file=_ATTEMPTS,
        old="room += queue.pace.ahead(time.monotonic())",
        new="room += 100",
        test=_RESULTS,
        only="test_long_handlers_keep_no_rows_from_other_workers",
    ),
    Mutant(
        name="rows-wait-for-the-end-of-other-jobs",
        file=_ATTEMPTS,
        old="limit is None or len(self._queues) == 1",
        new="True",
        test=_SLOTS,
        only="test_under_a_limit_of_the_process_no_row_waits",
    ),
    Mutant(
        name="a-row-without-room-keeps-others-from-being-rescued",
        file="jobgen/runtime/care.py",
        old="if statements.rescue_one is None:",
        new="if True:",
        test="tests/worker/test_unique.py",
        only="test_jobs_that_would_be_equal_in_the_queue",
    ),
    Mutant(
        name="no-limit-to-rows-that-wait",
        file="jobgen/runtime/pace.py",
        old="min(self._lately, MOST)",
        new="self._lately",
        test=_PACE,
    ),
    Mutant(
        name="a-pace-of-any-time",
        file="jobgen/runtime/pace.py",
        old="share = WINDOW / elapsed",
        new="share = 1",
        test=_PACE,
    ),
    Mutant(
        name="a-pace-of-ever",
        file="jobgen/runtime/pace.py",
        old="self._at_start, self._since = self.finished, now",
        new="self._since = now",
        test=_PACE,
    ),
    Mutant(
        name="fetch-above-from-the-beginning",
        file="templates/statements/fetch.jinja",
        old="AND ({{ order }}) > ({{ mark }})",
        new="AND ({{ mark }}) IS NOT NULL",
        test=_FETCH_ABOVE,
    ),
    Mutant(
        name="fetch-above-takes-the-row-itself",
        file="templates/statements/fetch.jinja",
        old="({{ order }}) > ({{ mark }})",
        new="({{ order }}) >= ({{ mark }})",
        test=_FETCH_ABOVE,
    ),
    # --- locks of others
    Mutant(
        name="unlocked-rows-are-left-out",
        file="jobgen/runtime/results.py",
        old="mine = [attempt for attempt in batch if _id(attempt) in free]",
        new="mine: list[Attempt] = []",
        test=_RESULTS,
        only="test_a_locked_row_holds_up_no_other_result",
    ),
    Mutant(
        name="locked-rows-are-forgotten",
        file="jobgen/runtime/results.py",
        old="        if held:\n",
        new="        if not batch:\n",
        test=_RESULTS,
        only="test_a_locked_row_holds_up_no_other_result",
    ),
    Mutant(
        name="the-look-for-unlocked-rows-waits",
        file="templates/statements/unlocked.sql.jinja",
        old="UPDATE SKIP LOCKED\n",
        new="UPDATE\n",
        test=_RESULTS,
        only="test_a_locked_row_holds_up_no_other_result",
    ),
    Mutant(
        name="a-lock-is-waited-for",
        file="jobgen/runtime/link.py",
        old="SET LOCAL lock_timeout = '100ms';\n",
        new="",
        test=_LOCKS,
    ),
    Mutant(
        name="a-locked-table-is-a-fault",
        file="jobgen/runtime/fetching.py",
        old="            self._shut(table, error)\n\n    async def _look_and_take",
        new="            raise\n\n    async def _look_and_take",
        test=_LOCKS,
    ),
    # --- announcements
    Mutant(
        name="a-notification-is-not-heard",
        file="jobgen/runtime/watch.py",
        old="""        self.look_at = min(self.look_at, now)
        if self._state is State.ASLEEP:
            self._enter(State.AWAKE, now)
""",
        new="",
        test=_TIMING,
        only="test_a_notification_wakes_the_worker",
    ),
    Mutant(
        name="a-due-row-is-not-waited-for",
        file="jobgen/runtime/watch.py",
        old="            self.look_at = now + seconds\n",
        new="            self.look_at = math.inf\n",
        test=_TIMING,
        only="test_a_scheduled_job_runs_on_time",
    ),
    Mutant(
        name="notified-while-a-worker-promises",
        file="jobgen/schema/notifications.py",
        old=') IS NOT TRUE"\n    )',
        new=') IS TRUE"\n    )',
        test="tests/worker/test_triggers.py",
        only="test_a_damaged_trigger_is_reported_and_mended and missing",
    ),
    Mutant(
        name="an-insert-is-not-announced",
        file="jobgen/schema/notifications.py",
        old="""        _trigger(home, table, "INSERT", "STATEMENT", written, f"({printed})"),
""",
        new="",
        test=_TIMING,
        only="test_a_notification_wakes_the_worker",
    ),
)
