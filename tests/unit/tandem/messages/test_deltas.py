"""A delta is identified by its place in the log."""

from tandem.messages.deltas import Delta


def test_delta_id_is_epoch_sequence_and_index() -> None:
    assert Delta(epoch=1, seq=22, index=3).delta_id == "1.22.3"
