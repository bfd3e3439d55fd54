from tandem.gateway.account.counted_kinds import MAX_KINDS, OTHER, Kinds


def test_e7_names_that_a_venue_makes_up_are_bounded() -> None:
    kinds = Kinds()
    counted = {kinds.name_of(f"unreadable: {number}") for number in range(10 * MAX_KINDS)}

    assert len(counted) == MAX_KINDS + 1
    assert kinds.name_of("unreadable: 0") == "unreadable: 0"
    assert kinds.name_of("one more") == OTHER
