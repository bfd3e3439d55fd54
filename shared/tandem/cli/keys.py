"""Makes the keys of a desk: one NATS user a service and a strategy, Redis users, a CA on request.

1. What exists is kept: a second run adds what is missing and writes the servers' files anew.
2. Each user's secrets lie in a directory of their own, so that a container is given only its own;
   the servers are given public keys and digests.
3. A name that is not a plain token names nobody: nothing is written for it, nor outside of the
   directory. A strategy does not bear the name of a service.
4. NATS servers know each other by a password, and with TLS by their certificate as well: whoever
   may speak as a server may do everything.
5. Each strategy's directory holds a connection file beside its key: who is given the directory and
   names that file in TANDEM_CONNECTION needs nothing else.
"""

import argparse
import datetime
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import nkeys

from tandem.bus import permissions
from tandem.bus.nats.options import DEFAULT_URL
from tandem.bus.permissions import User
from tandem.client.connecting import CONNECTION_FILE, ConnectionFile
from tandem.domain.errors import ConfigurationError
from tandem.domain.ids import Strategy, is_plain_name
from tandem.runtime.clock import SystemClock
from tandem.runtime.interrupts import run_command

if TYPE_CHECKING:
    from tandem.cli.certificates import Pair

DEFAULT_ACCOUNTS = ("binance", "hyperliquid")
DEFAULT_STRATEGIES = ("walkthrough",)
DEFAULT_SERVERS = ("nats", "nats-2", "nats-3")
SEED_FILE = "nats.seed"
STRATEGIES_FILE = "strategies"
ACCOUNTS_FILE = "accounts"
CA_FILE = "ca.pem"
SERVER_FILE = "server.pem"
TLS_FILE = "tls.conf"
ROUTES_FILE = "routes.conf"
ROUTE_PORT = 6222
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
# Servers run as users of their own; what they are given lies in a volume that only they see.
SERVERS_PLACES = ("nats", "redis")


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose keys are made.

    `servers` are the names that NATS is reached by; with `tls` they get a certificate for them.
    `seen_at` is where the servers find their own files; None: where they are written. `url` is
    where strategies reach the bus; None: where each has been told, at first DEFAULT_URL.
    """

    accounts: tuple[str, ...] = DEFAULT_ACCOUNTS
    strategies: tuple[str, ...] = DEFAULT_STRATEGIES
    servers: tuple[str, ...] = DEFAULT_SERVERS
    tls: bool = False
    seen_at: Path | None = None
    url: str | None = None


def make(directory: Path, desk: Desk) -> tuple[User, ...]:
    """Write what is missing below `directory` and the servers' files; return the users.

    Raises:
        ConfigurationError: a name that no account or no strategy may have; nothing was written.
    """
    users = make_users(directory, desk)
    digests = {
        name: _password_digest(directory / name / PASSWORD_FILE) for name in (*PAGES_OF, READER)
    }
    _write(directory / "redis" / "users.acl", redis_users(digests), READABLE)
    _secure(directory, desk, [user.name for user in users])
    tell_strategies(directory, desk)
    return users


def make_users(directory: Path, desk: Desk) -> tuple[User, ...]:
    """Write what is missing of the users' keys, and who they are.

    Raises:
        ConfigurationError: as `make` does.
    """
    _check_names(desk)
    users = permissions.users(desk.accounts, desk.strategies)
    public = {user.name: _public_key(directory / user.name / SEED_FILE) for user in users}
    _write(directory / "nats" / "users.conf", nats_users(users, public), READABLE)
    named = "".join(f"{name}\n" for name in desk.strategies)
    _write(directory / permissions.ACCESS / STRATEGIES_FILE, named, READABLE)
    served = "".join(f"{name}\n" for name in desk.accounts)
    _write(directory / permissions.ACCESS / ACCOUNTS_FILE, served, READABLE)
    return users


def tell_strategies(directory: Path, desk: Desk) -> None:
    """Write each strategy's connection file, and where the bus is encrypted its authority."""
    is_encrypted = (directory / "nats" / TLS_FILE).read_text().startswith("tls:")
    authority = _read_pair(directory / "authority" / CA_FILE) if is_encrypted else None
    for name in desk.strategies:
        own = directory / permissions.strategy_user(Strategy(name))
        url = desk.url or _told_url(own / CONNECTION_FILE)
        told = ConnectionFile(url, strategy=name, nkey_seed_file=SEED_FILE)
        if authority is not None:
            _write(own / CA_FILE, authority.certificate, READABLE)
            told = msgspec.structs.replace(told, ca_file=CA_FILE)
        _write(own / CONNECTION_FILE, f"{msgspec.json.encode(told).decode()}\n", READABLE)


def _check_names(desk: Desk) -> None:
    services = {user.name for user in permissions.users(desk.accounts, ())}
    plain = "letters, digits, _ and -, at most 64"
    for option, names in (("--account", desk.accounts), ("--strategy", desk.strategies)):
        for name in names:
            if not is_plain_name(name):
                raise ConfigurationError(option, name, plain)
    for name in desk.strategies:
        if name in services or name in SERVERS_PLACES or name.startswith("gateway"):
            raise ConfigurationError("--strategy", name, "not the name of a service")


def _secure(directory: Path, desk: Desk, users: Sequence[str]) -> None:
    """Write how NATS servers speak with clients and with each other."""
    own = directory / "nats"
    if desk.tls:
        authority = _certify(directory, desk)
        for name in ("nats", *users):
            _write(directory / name / CA_FILE, authority, READABLE)
    seen_at = (desk.seen_at or own).absolute() if desk.tls else None
    password = _kept_password(directory / "routes" / "password")
    _write(own / TLS_FILE, nats_tls(seen_at), READABLE)
    _write(own / ROUTES_FILE, nats_routes(desk.servers, password, seen_at), PRIVATE)


def _certify(directory: Path, desk: Desk) -> str:
    """Make what is missing or old of the authority and the servers' certificate."""
    # Needs `cryptography`, which a strategy's install does without.
    from tandem.cli import certificates  # noqa: PLC0415

    now = datetime.datetime.fromtimestamp(SystemClock().wall_ns() // 10**9, datetime.UTC)
    authority = _read_pair(directory / "authority" / CA_FILE)
    if authority is None:
        authority = certificates.authority(now)
        _write_pair(directory / "authority" / CA_FILE, authority)
    made = _read_pair(directory / "nats" / SERVER_FILE)
    if made is None or not certificates.is_good(authority, made, desk.servers, now):
        made = certificates.server(authority, desk.servers, now)
        _write_pair(directory / "nats" / SERVER_FILE, made)
    return authority.certificate


def _read_pair(path: Path) -> "Pair | None":
    from tandem.cli.certificates import Pair  # noqa: PLC0415 (as above)

    key = path.with_suffix(".key")
    return Pair(path.read_text(), key.read_text()) if path.exists() and key.exists() else None


def _write_pair(path: Path, pair: "Pair") -> None:
    _write(path.with_suffix(".key"), pair.key, PRIVATE)
    _write(path, pair.certificate, READABLE)


def _told_url(path: Path) -> str:
    """Return the address in a connection file, the usual one where there is none."""
    if not path.is_file():
        return DEFAULT_URL
    try:
        return msgspec.json.decode(path.read_bytes(), type=ConnectionFile).nats_url
    except msgspec.DecodeError as error:
        raise ConfigurationError("--url", path, f"a connection file: {error}") from error


def give(directory: Path, places: Path) -> None:
    """Copy each user's files to the place of that name, where there is one: a volume of its own."""
    for place in places.iterdir():
        for file in sorted((directory / place.name).glob("*")):
            mode = READABLE if place.name in SERVERS_PLACES else file.stat().st_mode & 0o777
            _write(place / file.name, file.read_text(), mode)


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
            },
        }
        for user in users
    ]
    names = "".join(f"# {public[user.name]} {user.name}\n" for user in users)
    return f"{names}authorization: {json.dumps({'users': rows}, indent=2)}\n"


def nats_tls(seen_at: Path | None) -> str:
    """Return the part that makes clients speak TLS; None: they speak in the clear."""
    if seen_at is None:
        return "# no TLS: keys were made without --tls on\n"
    return f"tls: {json.dumps(_pair_files(seen_at), indent=2)}\n"


def nats_routes(servers: Sequence[str], password: str, seen_at: Path | None) -> str:
    """Return what of the `cluster` block is secret: routes, their password, their TLS."""
    routes = [f"nats://route:{password}@{name}:{ROUTE_PORT}" for name in servers]
    lines = [
        f"authorization: {json.dumps({'user': 'route', 'password': password})}",
        f"routes: {json.dumps(routes)}",
    ]
    if seen_at is not None:
        both = {**_pair_files(seen_at), "ca_file": str(seen_at / CA_FILE), "verify": True}
        lines.append(f"tls: {json.dumps(both)}")
    return "\n".join([*lines, ""])


def _pair_files(seen_at: Path) -> dict[str, str]:
    certificate = seen_at / SERVER_FILE
    return {"cert_file": str(certificate), "key_file": str(certificate.with_suffix(".key"))}


def redis_users(digests: dict[str, str]) -> str:
    """Return Redis's ACL file: writers of their own pages, one reader, and health for all."""
    lines = ["user default on nopass resetkeys resetchannels -@all +ping +info"]
    for name, pages in PAGES_OF.items():
        keys = " ".join(f"~tandem:page:{page}" for page in pages)
        allowed = "+@connection +eval +evalsha +script|load +hget +hmget +hset +hdel +del"
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
    return hashlib.sha256(_kept_password(file).encode()).hexdigest()


def _kept_password(file: Path) -> str:
    if not file.exists():
        _write(file, secrets.token_urlsafe(32), PRIVATE)
    return file.read_text().strip()


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
    named = " ".join(options.strategy).split()
    strategies = {*DEFAULT_STRATEGIES, *strategies_of(directory), *named}
    desk = Desk(
        tuple(options.account),
        tuple(sorted(strategies)),
        tuple(options.server),
        options.tls == "on",
        Path(options.seen_at) if options.seen_at else None,
        options.url,
    )
    try:
        users = make(directory, desk)
    except ConfigurationError as error:
        sys.stderr.write(f"tandem-keys: {error}\n")
        return 2
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
    parser.add_argument("--tls", choices=("on", "off"), default="off", help="encrypt the bus")
    parser.add_argument(
        "--server",
        nargs="+",
        default=DEFAULT_SERVERS,
        help="names that NATS servers are reached by",
    )
    url_help = f"where strategies reach the bus; default: as they were told, or {DEFAULT_URL}"
    parser.add_argument("--url", help=url_help)
    parser.add_argument("--seen-at", default="", help="where nats-server finds its own files")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main))
