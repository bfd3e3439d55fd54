"""A strategy's program gone wild: a process that asks for orders as fast as a socket takes them.

Arguments: URL, seed file, seconds. Says `flooding` once it does, and at the end how many it wrote.
It speaks the protocol itself, for no client library is as fast as what it must show.
"""

import base64
import json
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import nkeys

from tandem.domain.ids import Exc
from tandem.messages import codec
from tandem.messages.access import LogIntent
from tests.unit.services.access.asking import ALPHA, order

NOWHERE = Exc("nowhere")  # it has keys and no gateway, so no limit of a venue is reached
A_BATCH = 500
BATCHES = 80


def main(url: str, seed_file: str, seconds: str) -> None:
    address = urlsplit(url)
    link = socket.create_connection((address.hostname or "", address.port or 0))
    link.sendall(_greeting(link.recv(65_536), Path(seed_file).read_text().strip()))
    while b"PONG" not in link.recv(65_536):
        pass
    batches = [_batch(place * A_BATCH) for place in range(BATCHES)]
    sys.stdout.write("flooding\n")
    sys.stdout.flush()
    link.settimeout(1.0)
    written, end = 0, time.monotonic() + float(seconds)
    while time.monotonic() < end:
        try:
            link.sendall(batches[written // A_BATCH % BATCHES])
        except TimeoutError:
            break  # what was sent is a part of a batch: nothing more can follow it
        written += A_BATCH
    sys.stdout.write(f"{written}\n")


def _greeting(info: bytes, seed: str) -> bytes:
    told = json.loads(info.split(b" ", 1)[1].split(b"\r\n")[0])
    pair = nkeys.from_seed(bytearray(seed.encode()))
    signature = base64.urlsafe_b64encode(pair.sign(told["nonce"].encode())).rstrip(b"=")
    connect = {
        "verbose": False,
        "pedantic": False,
        "nkey": bytes(pair.public_key).decode(),
        "sig": signature.decode(),
        "protocol": 1,
        "headers": True,
        "no_responders": True,
    }
    return f"CONNECT {json.dumps(connect)}\r\nPING\r\n".encode()


def _batch(start: int) -> bytes:
    lines = []
    for n in range(start, start + A_BATCH):
        subject, payload = order(ALPHA, f"f{n}", NOWHERE)
        call = codec.encode(LogIntent(subject=subject, payload=payload))
        reply = f"_INBOX_strategy-alpha.{n}"
        lines.append(f"PUB access.alpha.call {reply} {len(call)}\r\n".encode() + call + b"\r\n")
    return b"".join(lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
