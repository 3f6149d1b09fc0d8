"""The walk through routes: the processor and a HAT beside each other, a HAT that fails, and a cloud to which nothing goes."""

from pathlib import Path

from tests.e2e.walker import Walker

QUESTION = "Say something."
CLOUD = "ovhcloud"


def put_files(home: Path, port: int) -> None:
    """The HAT's server listens at `port`; prompts go to the processor where nobody says another route."""
    file = home / ".config/assistant/settings.toml"
    with file.open("a", encoding="utf-8") as settings:
        settings.write(f'\n[hat]\nuse = false\naddress = "127.0.0.1:{port}"\n')


def keeping(on: Walker) -> None:
    """A chat is kept on one route, by command, key and palette."""
    on.see("It runs on the processor")
    on.slash("/route hat")
    on.see("pinned → local · hat")
    on.press("ctrl+r")
    on.see("Route of this chat")
    on.close("Route of this chat")
    on.palette("Route")
    on.see("Route of this chat")
    on.close("Route of this chat")
    on.slash("/route auto")
    on.see("─ → local · cpu")


def elsewhere(on: Walker) -> None:
    """The same question on the other route, by command and by palette."""
    on.say(QUESTION)
    on.answered("assistant · local")
    for number, way in enumerate(("/elsewhere", "Regenerate elsewhere"), 2):
        on.use(way)
        on.choose("Ask again on which route?", "local · hat")
        on.answered(f"you ‹ {number}/{number} ›")


def beside(on: Walker) -> None:
    """Two answers side by side; the better one is said by a key, and is in view."""
    on.slash("/beside")
    on.see("Side by side", "1 left is better")
    on.press("1")
    on.see("on record:")
    on.palette("Side by side")
    on.see("1 left is better")
    on.close("1 left is better")


def failing(on: Walker) -> None:
    """The HAT breaks off; the processor is asked the same by a key or from the palette, and only then."""
    on.press("ctrl+n")
    on.slash("/route hat")
    on.see("pinned → local · hat")
    on.say("And now?")
    on.see("f5 asks the same on the processor")
    on.palette("Ask again")
    on.answered("local · smollm2")


def to_the_cloud(on: Walker) -> None:
    """A cloud route without a key: the act is refused, the text stays, and nothing ever left."""
    on.press("ctrl+n")
    on.empty()
    on.type("Where is it?")
    on.press("ctrl+s")
    on.see("cannot be asked", "Where is it?")
    on.palette("Send to the cloud")
    on.palette("This chat to the cloud")
    on.see("Where is it?")
    on.press("ctrl+u")
    on.empty()


def consenting(on: Walker) -> None:
    """A key is given, unseen; the sheet shows what would leave; a no keeps the text here, and nothing ever left."""
    on.palette("Unlock the keys")
    on.see("Passphrase", "esc leave")
    on.press(*"correct horse battery", "enter")
    on.see("keys are kept in: a vault of this app")
    on.palette("Key of a cloud route")
    on.see(f"Key of {CLOUD}", "esc leave")
    on.press(*"key-of-nobody", "enter")
    on.see(f"the key of {CLOUD} is kept in")
    on.type("Where is it?")
    on.press("ctrl+s")
    on.see("Send this to the cloud?", "you       Where is it?", "Deny    o once")
    on.insist("esc", "Send this to the cloud?")
    on.see("│ Where is it?")
    on.palette("Outbox")
    on.see("nothing has ever left this machine")
    on.close("Outbox")


CHAPTERS = (keeping, elsewhere, beside, failing, to_the_cloud, consenting)
WALKED = {
    *("/route", "/elsewhere", "/beside", "Route", "Regenerate elsewhere", "Side by side", "Ask again"),
    *("Send to the cloud", "This chat to the cloud", "Unlock the keys", "Key of a cloud route", "Outbox"),
}  # fmt: skip
