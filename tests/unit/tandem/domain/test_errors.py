"""A refusal names field, value and rule, and is of the kind that says what to do."""

from tandem.domain.errors import (
    ConfigurationError,
    InvalidInputError,
    LimitReachedError,
    MalformedMessageError,
    NotYetSupportedError,
    TandemError,
    UnknownInstrumentError,
)


def test_refusal_names_field_value_and_rule() -> None:
    error = InvalidInputError("amount", 0, "not zero")
    assert (error.field, error.value, error.rule) == ("amount", "0", "not zero")
    assert str(error) == "amount=0: not zero"
    assert isinstance(error, ValueError)


def test_unknown_ticker_comes_with_the_nearest() -> None:
    error = UnknownInstrumentError("venue", "SOLL", ("SOL", "SOLV"))
    assert error.nearest == ("SOL", "SOLV")
    assert str(error) == "ticker=SOLL: not listed on venue; nearest: SOL, SOLV"
    assert str(UnknownInstrumentError("venue", "X", ())) == "ticker=X: not listed on venue"


def test_malformed_message_names_its_field() -> None:
    error = MalformedMessageError("maker.amount", "required")
    assert (error.field, error.rule, str(error)) == (
        "maker.amount",
        "required",
        "maker.amount: required",
    )


def test_all_are_of_one_tree() -> None:
    for kind in (
        ConfigurationError,
        LimitReachedError,
        NotYetSupportedError,
        UnknownInstrumentError,
    ):
        assert issubclass(kind, InvalidInputError)
    assert issubclass(InvalidInputError, TandemError)
    assert issubclass(MalformedMessageError, TandemError)
