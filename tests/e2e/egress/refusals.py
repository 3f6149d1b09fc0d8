"""Every way in which a send is refused before a byte of it leaves: what was done before, how it is asked, and what is then on record."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from assistant.domain.audit_entries import Note, Noted
from assistant.storage import shipped
from assistant.storage.cloud_file import CloudFile
from assistant.storage.registry import load_registry
from tests.e2e.egress.sending import ROW, Ended, Granted, Sender, ask, desk, now
from tests.e2e.program import ROOT

OWN, ABROAD = "gate", "mistral-us"
"""An endpoint of the person's own, and a row of the registry that no shipped rule lets pass."""
SECRET = "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"
_DAY = timedelta(days=1)

NO_FRENCH = (
    ('not = ["US", "CN"]', 'not = ["US", "CN", "FR"]'),
    ('operator_law = ["FR"]', 'operator_law = ["DE"]'),
    ('operator_law = ["FR", "US"]', 'operator_law = ["DE", "US"]'),
)
"""What makes the shipped rules, and their cases, such that no French operator passes."""

Change = Callable[[Sender], None]
"""What happened to a home meanwhile."""


def nothing(_sender: Sender) -> None:
    """Nothing happened."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One of them. `says` is what the person reads, `code` the exit code.

    `reasons` are on record in the audit; `unsent` means that a permit is, and that nothing left under it; `kept` that the audit
    itself is out of order, so that the turn alone has the refusal. Where there is none of these, nothing can be written.
    """

    says: str
    code: int = 3
    reasons: frozenset[str] = frozenset()
    unsent: bool = False
    kept: bool = False
    route: str = ROW
    granted: bool = True
    words: tuple[str, ...] = ("Where is the fox?",)
    before: tuple[tuple[str, ...], ...] = ()
    change: Change = nothing
    run: "Run | None" = None

    def ask(self, grant: Granted) -> tuple[str, ...]:
        """The command that is refused."""
        if self.granted:
            return ask(self.route, grant.conversation, *self.words)
        return ("ask", "--route", self.route, *self.words)


Run = Callable[[Sender, tuple[str, ...]], Ended]
"""How it is asked, where that is not in the plain way."""


# Changes


def _own_rules(*swaps: tuple[str, str], more: str = "") -> Change:
    """The shipped rules in the person's own folder, with other words in the place of some."""

    def change(sender: Sender) -> None:
        text = shipped.read_text("config/rules.toml")
        for before, after in swaps:
            assert before in text
            text = text.replace(before, after)
        (sender.places.config / "rules.toml").write_text(text + more)

    return change


def _declared_long_ago(sender: Sender) -> None:
    """The person's word on their endpoint is a year and a day old."""
    file = CloudFile(sender.places.config / "routes.toml", load_registry)
    day = datetime.now(UTC).date() - 366 * _DAY
    file.keep_cloud(file.find(OWN).declare(day))


def _tomorrow_is_on_record(sender: Sender) -> None:
    """Something was put on record under a clock that was a day ahead of this one."""
    at = now()
    with desk(sender) as found:
        found.open()
        with found.database.write() as db:
            later = replace(at, wall_ms=at.wall_ms + int(_DAY.total_seconds() * 1000))
            found.append(db, Noted(Note.VERIFIED), later)
        found.anchor()


def _without_keys(sender: Sender) -> None:
    """The file is gone in which key and anchor of the audit lie."""
    (sender.places.state / "audit.key").unlink()


def _cut_off(sender: Sender) -> None:
    """The last records of the audit are gone, past the program's own ways; those of the grant are not among them."""
    _past_triggers(sender, "audit", "DELETE FROM audit WHERE seq > 2")


def _edit_grant(sender: Sender) -> None:
    """The record of a grant is edited so that it still agrees with itself."""
    more = "replace(record, '\"fallback\": false', '\"fallback\": true')"
    _past_triggers(sender, "consent", f"UPDATE consent SET record = {more}")  # noqa: S608 - a test's own words


def _past_triggers(sender: Sender, table: str, change: str) -> None:
    with desk(sender) as found, found.database.write() as db:
        triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?"
        for (name,) in db.execute(triggers, (table,)).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        assert db.execute(change).rowcount


# Ways of asking


def _keyless(sender: Sender, command: tuple[str, ...]) -> Ended:
    extra = {name: value for name, value in sender.extra.items() if "_KEY_" not in name}
    return Sender(sender.program, sender.network, extra).several(command)[0]


def _with_an_old_registry(sender: Sender, command: tuple[str, ...]) -> Ended:
    """The program as it will be on the day when its registry is past its review: from a tree that is this one but for that."""
    tree = sender.program.home / "tree"
    tree.mkdir()
    (tree / "assistant").symlink_to(ROOT / "assistant")
    (tree / "models").symlink_to(ROOT / "models")
    shutil.copytree(ROOT / "config", tree / "config")
    routes = tree / "config" / "routes.toml"
    past = (datetime.now(UTC).date() - _DAY).isoformat()
    lines = routes.read_text().splitlines()
    seen, review = "seen_on = ", "review_by = "
    dated = {seen: "2020-01-01", review: past}
    changed = [
        next((head + day for head, day in dated.items() if line.startswith(head)), line)
        for line in lines
    ]
    routes.write_text("\n".join(changed))
    older = sender.at(sender.program.home, PYTHONPATH=str(tree))
    return older.run_to_end("-P", *older.program.command(*command)[1:])


def _in_a_shell(script: str) -> Run:
    """`script` first, in a mount namespace of its own, where $1 is the folder with the journal."""

    def run(sender: Sender, command: tuple[str, ...]) -> Ended:
        data = str(sender.places.data)
        shell = ("unshare", "--mount", "sh", "-ec", f'{script}; shift; exec "$@"', "sh", data)
        return sender.run_to_end(*sender.program.command(*command)[1:], through=shell)

    return run


def _through(*wrapper: str) -> Run:
    """The program as a child of `wrapper`."""
    return lambda sender, command: sender.run_to_end(
        *sender.program.command(*command)[1:], through=wrapper
    )


_READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"'
_FULL = (
    'cp -a "$1" "$1.kept"; mount -t tmpfs -o size=4m,mode=700 tmpfs "$1"; cp -a "$1.kept/." "$1"; '
    'cat /dev/zero > "$1/filling" 2> /dev/null || true'
)

REFUSALS: dict[str, Refusal] = {
    "a conversation without a grant": Refusal(
        says="you have not granted this send",
        reasons=frozenset({"no_grant", "grant_conversation"}),
        granted=False,
    ),
    "a place that no rule lets pass": Refusal(
        says="outside EEA",
        reasons=frozenset({"processing_outside"}),
        route=ABROAD,
    ),
    "a grant for a place that no rule lets pass": Refusal(
        says="no consent can lift that",
        route=ABROAD,
        run=lambda sender, _: sender.several(
            ("consent", "grant", "--route", ABROAD, "--new", "--for", "15m", "--yes-i-grant")
        )[0],
    ),
    "local-only text": Refusal(
        says="local-only text never leaves this machine",
        reasons=frozenset({"local_only"}),
        words=("--label", "local-only", "Where is the fox?"),
    ),
    "a secret that is not kept back": Refusal(
        says="holds what must not leave",
        reasons=frozenset({"found_secret"}),
        words=("--keep-back", "none", f"is {SECRET} any good?"),
    ),
    "a text too long to be scanned": Refusal(
        says="could not be scanned whole",
        reasons=frozenset({"unscanned"}),
        words=("fox " * 30_000,),
        run=lambda sender, command: sender.typed(command[:-1], command[-1] * 3),
    ),
    "a revoked grant": Refusal(
        says="you have not granted this send",
        reasons=frozenset({"no_grant"}),
        before=(("consent", "revoke", "--all"),),
    ),
    "panic": Refusal(
        says="everything is offline", reasons=frozenset({"offline"}), before=(("consent", "panic"),)
    ),
    "panic that was lifted": Refusal(
        says="you have not granted this send",
        reasons=frozenset({"no_grant"}),
        before=(("consent", "panic"), ("consent", "lift")),
    ),
    "a registry past its review": Refusal(
        says="review", reasons=frozenset({"facts_expired"}), run=_with_an_old_registry
    ),
    "a declaration of a year and a day ago": Refusal(
        says="review",
        reasons=frozenset({"facts_expired"}),
        route=OWN,
        change=_declared_long_ago,
    ),
    "facts that changed since the grant": Refusal(
        says="has changed since you granted it",
        reasons=frozenset({"no_grant", "grant_facts_changed"}),
        before=(("routes", "add", "--row", ROW, "--model", "another-model"),),
    ),
    "rules that cannot be read": Refusal(
        says="there are no rules, so nothing leaves",
        reasons=frozenset({"no_rules"}),
        change=_own_rules(more="\n[[rule"),
    ),
    "rules of a newer schema": Refusal(
        says="there are no rules, so nothing leaves",
        reasons=frozenset({"no_rules"}),
        change=_own_rules(("schema = 1", "schema = 2")),
    ),
    "rules that were swapped": Refusal(
        says="is bound by the law of FR", reasons=frozenset({"law"}), change=_own_rules(*NO_FRENCH)
    ),
    "no key": Refusal(says="key", unsent=True, run=_keyless),
    "a clock that was set back": Refusal(
        says="the clock was set back",
        reasons=frozenset({"no_grant", "clock_set_back"}),
        change=_tomorrow_is_on_record,
    ),
    "an audit without its keys": Refusal(
        says="audit", code=5, kept=True, change=_without_keys
    ),
    "a grant that was edited in the file": Refusal(says="you have not granted", code=3, change=_edit_grant),
    "an audit that was cut off": Refusal(says="audit", code=5, kept=True, change=_cut_off),
    "a journal that cannot be written": Refusal(
        says="cannot be written", code=5, run=_in_a_shell(_READ_ONLY)
    ),
    "a disk whose fsync fails": Refusal(
        says="disk I/O error", code=5, run=_through(sys.executable, "-m", "tests.e2e.egress.broken_disk")
    ),
    "a full disk": Refusal(says="no room left", code=5, run=_in_a_shell(_FULL)),
}  # fmt: skip
