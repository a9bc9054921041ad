from hypothesis import given
from hypothesis import strategies as st

from evals.perturb.difficulty import carries_of_sum, difficulty, question_tokens


def carries(annotation: str) -> int:
    return difficulty("", f"<<{annotation}>>\n#### 1").carries


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_sum_carries_as_often_as_its_digits_fall_short(left: int, right: int) -> None:
    """Legendre: each carry takes nine off the digit sum."""
    digits = sum(map(int, f"{left}{right}")) - sum(map(int, str(left + right)))
    assert carries_of_sum(left, right) == digits // 9


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_difference_borrows_what_its_sum_carries(left: int, right: int) -> None:
    assert carries(f"{left + right}-{right}={left}") == carries_of_sum(left, right)


def test_products_and_quotients_count_pairs_of_digits_with_a_product_of_two_digits() -> None:
    assert carries("23*4=92") == 1
    assert carries("92/4=23") == 1
    assert carries("20*30=600") == 0


def test_decimals_are_added_at_their_point() -> None:
    assert carries("1.95+0.1=2.05") == 1
    assert carries("10/3+1=4") == 0


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_raises(question: str, solution: str) -> None:
    found = difficulty(question, f"<<{solution}>>")
    assert found.steps <= 1 + solution.count("<<")
    assert question_tokens(question) <= len(question)


def test_the_longest_number_and_the_numbers_of_the_question_are_told() -> None:
    found = difficulty("Ann has 12 pens and twenty bags of 1,500.", "<<12*20=240>>\n<<240*1500=360000>>\n#### 360000")
    assert (found.steps, found.digits, found.numbers) == (2, 6, (12.0, 20.0, 1500.0))
