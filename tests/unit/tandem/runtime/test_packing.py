from tandem.runtime.packing import squeezed, unsqueezed


def test_what_is_squeezed_comes_back() -> None:
    data = b"".join(b'{"oid":"%d","status":"FILLED"}' % number for number in range(128))

    assert unsqueezed(squeezed(data)) == data
    assert len(squeezed(data)) < len(data) // 10
    assert unsqueezed(squeezed(b"")) == b""
