from services.paper_exchange.prng import Prng


def test_the_published_first_outputs_of_seed_zero() -> None:
    prng = Prng(0)

    assert [prng.next() for _ in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


def test_numbers_stay_in_their_range_and_reach_both_ends() -> None:
    prng = Prng(7)

    assert {prng.between(3, 6) for _ in range(200)} == {3, 4, 5, 6}


def test_a_chance_is_about_as_likely_as_it_says() -> None:
    prng = Prng(7)

    hits = sum(prng.percent(30) for _ in range(2000))

    assert 500 < hits < 700
