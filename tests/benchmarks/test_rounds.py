"""Rounds alternate, and a void sample counts for nothing."""

from benchmarks.dialogue import VoidError
from benchmarks.rounds import Case, Measure, Measured, Sample, run


def _measured(measure: Measure, rounds: int) -> Measured:
    return run(measure, rounds, lambda text: None)


def _measure(*cases: Case) -> Measure:
    return Measure(
        name="speed", title="Speed", how="Fast.", figures=("jobs/s",), cases=cases
    )


def test_cases_alternate_and_another_one_begins_each_round() -> None:
    order: list[str] = []

    def case(label: str) -> Case:
        def sample() -> Sample:
            order.append(label)
            return {"jobs/s": 1.0}

        return Case(label=label, sample=sample)

    _measured(_measure(case("a"), case("b"), case("c")), 3)
    assert order == [*"abc", *"bca", *"cab"]


def test_the_median_is_of_the_rounds_that_count() -> None:
    speeds = iter([10.0, 30.0, None, 20.0])

    def sample() -> Sample:
        speed = next(speeds)
        if speed is None:
            raise VoidError("3 of 5 jobs were not finished")
        return {"jobs/s": speed}

    found = _measured(_measure(Case(label="a", sample=sample)), 4)
    (row,) = found.rows
    assert row.median("jobs/s") == 20.0
    assert row.voids == ("3 of 5 jobs were not finished",)


def test_a_case_that_is_always_void_has_no_median() -> None:
    def sample() -> Sample:
        raise VoidError("no")

    found = _measured(_measure(Case(label="a", sample=sample)), 2)
    assert found.rows[0].median("jobs/s") is None


def test_ratios_compare_the_same_round_and_leave_out_void_ones() -> None:
    ours = iter([10.0, 40.0, 90.0])
    theirs = iter([5.0, None, 30.0])

    def fast() -> Sample:
        return {"jobs/s": next(ours)}

    def slow() -> Sample:
        speed = next(theirs)
        if speed is None:
            raise VoidError("no")
        return {"jobs/s": speed}

    cases = (Case(label="fast", sample=fast), Case(label="slow", sample=slow))
    found = _measured(_measure(*cases), 3)
    assert found.ratios("fast", "slow", "jobs/s") == [2.0, 3.0]


def test_a_measure_may_have_its_own_number_of_rounds() -> None:
    measure = Measure(
        name="once",
        title="Once",
        how="Long.",
        figures=("MB",),
        cases=(Case(label="a", sample=lambda: {"MB": 1.0}),),
        rounds=1,
    )
    assert _measured(measure, 5).rows[0].values("MB") == [1.0]
