from tandem.gateway.account.copy_count import MOST_HEARD, Copies


def test_copy_that_hears_nobody_is_alone() -> None:
    copies = Copies(10)
    assert copies.count(5, holds=True, holder_is_alive=False) == 1
    assert copies.count(5, holds=False, holder_is_alive=False) == 1


def test_e11_holder_counts_those_it_hears_and_another_counts_the_holder_too() -> None:
    copies = Copies(10)
    copies.hear("a", 0)
    copies.hear("b", 0)
    copies.hear("b", 1)
    assert copies.count(5, holds=True, holder_is_alive=True) == 3
    assert copies.count(5, holds=False, holder_is_alive=True) == 4


def test_copy_that_says_nothing_any_more_is_gone() -> None:
    copies = Copies(10)
    copies.hear("a", 0)
    copies.hear("b", 5)
    assert copies.count(10, holds=True, holder_is_alive=False) == 2
    assert copies.count(15, holds=True, holder_is_alive=False) == 1


def test_flood_of_names_is_bounded() -> None:
    copies = Copies(10)
    for number in range(2 * MOST_HEARD):
        copies.hear(str(number), 0)
    assert copies.count(1, holds=True, holder_is_alive=False) == 1 + MOST_HEARD
