"""Makes the keys of a desk: one NATS user a service and a strategy, Redis users, a CA on request.

1. What exists is kept: a second run adds what is missing and writes the servers' files anew.
2. Each user's secrets lie in a directory of their own, so that a container is given only its own;
   the servers are given public keys and digests.
"""

import argparse
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nkeys

from tandem.bus import permissions
from tandem.bus.permissions import User
from tandem.domain.errors import ConfigurationError

DEFAULT_ACCOUNTS = ("binance", "hyperliquid")
DEFAULT_STRATEGIES = ("walkthrough",)
SEED_FILE = "nats.seed"
PASSWORD_FILE = "redis.password"  # noqa: S105 - the name of a file
PRIVATE, READABLE = 0o600, 0o644
PRIVATE_DIRECTORY = 0o700
# What each Redis user may touch: the pages that its service writes; `reader` reads all of them.
PAGES_OF = {
    "order-state": ("{orders*", "{fills*"),
    "position-state": ("{positions*",),
    "hedger": ("{hedges*", "{buckets*"),
}
READER = "reader"


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose keys are made."""

    accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
    strategies: tuple[str, ...] = DEFAULT_STRATEGIES


def make(directory: Path, desk: Desk) -> tuple[User, ...]:
    """Write what is missing below `directory` and the servers' files; return the users."""
    users = permissions.users(desk.accounts, desk.strategies)
    public = {user.name: _public_key(directory / user.name / SEED_FILE) for user in users}
    _write(directory / "nats" / "users.conf", nats_users(users, public), READABLE)
    digests = {
        name: _password_digest(directory / name / PASSWORD_FILE) for name in (*PAGES_OF, READER)
    }
    _write(directory / "redis" / "users.acl", redis_users(digests), READABLE)
    return users


def give(directory: Path, places: Path) -> None:
    """Copy each user's files to the place of that name, where there is one: a volume of its own."""
    for place in places.iterdir():
        for file in sorted((directory / place.name).glob("*")):
            _write(place / file.name, file.read_text(), file.stat().st_mode & 0o777)


def strategies_of(directory: Path) -> tuple[str, ...]:
    """Return the strategies that have keys below `directory`."""
    found = sorted(path.name for path in directory.glob("strategy-*") if path.is_dir())
    return tuple(name.removeprefix("strategy-") for name in found)


def nats_users(users: Sequence[User], public: dict[str, str]) -> str:
    """Return the part of nats-server's configuration that names users and their permissions."""
    rows = [
        {
            "nkey": public[user.name],
            "permissions": {
                "publish": {"allow": list(user.publish)},
                "subscribe": {"allow": list(user.subscribe)},
                "allow_responses": True,
            },
        }
        for user in users
    ]
    names = "".join(f"# {public[user.name]} {user.name}\n" for user in users)
    return f"{names}authorization: {json.dumps({'users': rows}, indent=2)}\n"


def redis_users(digests: dict[str, str]) -> str:
    """Return Redis's ACL file: writers of their own pages, one reader, and health for all."""
    lines = ["user default on nopass resetkeys resetchannels -@all +ping +info"]
    for name, pages in PAGES_OF.items():
        keys = " ".join(f"~tandem:page:{page}" for page in pages)
        allowed = "+@connection +eval +evalsha +script|load +hget +hset +hdel +del"
        lines.append(f"user {name} on #{digests[name]} {keys} resetchannels {allowed}")
    lines.append(f"user {READER} on #{digests[READER]} %R~tandem:page:* +@connection +@read +info")
    return "\n".join([*lines, ""])


def _public_key(seed_file: Path) -> str:
    """Return the public key of a user, made if there is none."""
    if not seed_file.exists():
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
        _write(seed_file, bytes(seed).decode(), PRIVATE)
    text = seed_file.read_text().strip()
    try:
        pair = nkeys.from_seed(bytearray(text.encode()))
        return bytes(pair.public_key).decode()
    except nkeys.NkeysError as error:
        raise ConfigurationError(str(seed_file), "", "an nkey seed of a user") from error


def _password_digest(file: Path) -> str:
    if not file.exists():
        _write(file, secrets.token_urlsafe(32), PRIVATE)
    return hashlib.sha256(file.read_text().strip().encode()).hexdigest()


def _write(path: Path, text: str, mode: int) -> None:
    """Write in one step with the mode from the start: a secret is never readable in between."""
    path.parent.mkdir(
        parents=True, exist_ok=True, mode=PRIVATE_DIRECTORY if mode == PRIVATE else 0o755
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Make keys and say whose."""
    options = _parser().parse_args(argv)
    directory = Path(options.directory)
    strategies = {*DEFAULT_STRATEGIES, *strategies_of(directory), *options.strategy}
    users = make(directory, Desk(tuple(options.account), tuple(sorted(strategies))))
    if options.give:
        give(directory, Path(options.give))
    for user in users:
        sys.stdout.write(f"{user.name:<24} {directory / user.name / SEED_FILE}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tandem-keys", description=__doc__)
    parser.add_argument("--directory", default=".keys", help="where they are kept (.keys)")
    parser.add_argument(
        "--account", nargs="*", default=DEFAULT_ACCOUNTS, help="accounts on venues, by their names"
    )
    parser.add_argument("--give", default="", help="copy each user's keys to its directory in here")
    parser.add_argument("--strategy", nargs="*", default=(), help="strategies to add")
    return parser


if __name__ == "__main__":
    sys.exit(main())
