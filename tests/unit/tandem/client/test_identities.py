"""Random names: unlike each other, legal everywhere, never a hedge's own."""

from tandem.client.arguments import client_id
from tandem.client.identities import rand_cloid, rand_token


def test_client_ids_are_legal_and_differ() -> None:
    made = {rand_cloid() for _ in range(100)}
    assert len(made) == 100
    assert {client_id(one) for one in made} == made
    assert {len(one) for one in made} == {34}


def test_tokens_have_eighty_bits() -> None:
    assert len(rand_token()) * 4 == 80
    assert rand_token() != rand_token()
