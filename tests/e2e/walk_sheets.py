"""The walk through what opens over the chat: help, looks, settings, figures, consent. No model is here, and none is fetched."""

from pathlib import Path

from tests.e2e.walker import Walker

PAPER = """dark = false
primary = "#1e5fb4"
success = "#2a7d2e"
warning = "#9a5b00"
foreground = "#222222"
background = "#f6f1e5"
"""


def not_now(on: Walker) -> None:
    """The first run without a model: a no fetches nothing, and the palette asks again."""
    on.see(
        "A model for this machine", "Nothing is fetched until you say so.", "98 MB", "Apache-2.0"
    )
    on.close("A model for this machine")
    on.palette("Fetch a model")
    on.see("Nothing is fetched until you say so.")
    on.close("A model for this machine")
    assert not list(on.home.rglob("*.gguf"))


def helping(on: Walker) -> None:
    """All keys, those of this person's file too."""
    on.press("f1")
    on.see("Everywhere", "f10", "costs: here, in the cloud")
    on.close("Everywhere")
    for way in ("/help", "Help"):
        on.use(way)
        on.close("Everywhere")


def remapped(on: Walker) -> None:
    """A key of this person's does what the usual one did, which does nothing any more."""
    on.press("f10")
    on.see("Costs · by route")
    on.close("Costs · by route")
    on.press("f3", "ctrl+n", "x")
    on.see(" x ")
    on.press("backspace")
    on.empty()


def looks(on: Walker) -> None:
    """Themes are tried on, one of this person's own is kept; then the calm screen."""
    on.slash("/theme")
    on.see("enter keep · esc the old one", "paper")
    on.press("up")
    on.close("esc the old one")
    on.palette("Theme")
    on.see("textual-dark  dark · now")
    on.choose("Theme", "paper  light")
    on.gone("esc the old one")
    assert 'theme = "paper"' in on.file(on.home / ".config/assistant/settings.toml")
    on.slash("/calm")
    on.see("calm: few frames, nothing moves")
    on.palette("Calm")
    on.see("not calm")


def changing(on: Walker) -> None:
    """A setting is changed; a wrong value is said and not taken."""
    on.slash("/settings")
    on.see("Settings", "temperature", "0.7")
    on.press("down", "enter")
    on.when(lambda screen: screen.count("0.7") == 2)
    on.press("ctrl+u", "9", "enter")
    on.see("must be from 0 to 2")
    on.press("ctrl+u", "1", "enter")
    on.when(lambda screen: "must be" not in screen)
    on.close("enter change")
    on.palette("Settings")
    on.see("enter change")
    on.close("enter change")
    assert "temperature = 1.0" in on.file(on.home / ".config/assistant/settings.toml")


def figures(on: Walker) -> None:
    """The panel, the costs, the comparison over years, the HAT."""
    on.see("This request")
    on.press("f2")
    on.gone("This request")
    on.palette("Panel")
    on.see("This request")
    on.slash("/costs")
    on.see("Costs · by route")
    on.press("t")
    on.see("edge or cloud", "requests a day")
    on.close("edge or cloud")
    on.close("Costs · by route")
    on.palette("Costs")
    on.see("Costs · by route")
    on.press("d")
    on.see("Costs · by day")
    on.close("Costs · by day")
    on.slash("/tco")
    on.see("edge or cloud")
    on.close("edge or cloud")
    on.palette("Edge or cloud")
    on.see("edge or cloud")
    on.close("edge or cloud")
    for way in ("/hat", "HAT"):
        on.slash(way) if way.startswith("/") else on.palette(way)
        on.see("No HAT for language models is attached.")
        on.close("r look again")


def lists(on: Walker) -> None:
    """The list of chats, by key and by name."""
    on.palette("Chats")
    on.press("/")
    on.see("/ ▏")
    on.press("esc")
    on.gone("/ ▏")
    on.go_to("esc", "Chats")
    on.slash("/titles")
    on.see("/ ▏")
    on.press("x")
    on.see("/ x▏")
    on.press("esc")
    on.gone("/ x▏")
    on.go_to("esc", "Chats")


def consent(on: Walker) -> None:
    """No grant is live and nothing ever left; offline is one key away, and is lifted by another."""
    for way in ("f4", "/consent", "Consent"):
        on.press(way) if way == "f4" else on.use(way)
        on.see("no grant is live, so nothing goes to the cloud")
        on.press("o")
        on.see("Outbox", "nothing has ever left this machine")
        on.close("Outbox")
    on.use("/outbox")
    on.see("nothing has ever left this machine")
    on.close("Outbox")
    on.palette("Outbox")
    on.see("nothing has ever left this machine")
    on.close("Outbox")
    for way in ("f9", "/offline", "Go offline"):
        on.press(way) if way == "f9" else on.use(way)
        on.see("offline: every grant is taken back")
        on.press("f4")
        on.see("OFFLINE · nothing leaves this machine until you lift it")
        on.press("l")
        on.gone("until you lift it")
        on.close("f9 take all back")


def put_files(home: Path) -> None:
    """A theme and a key of this person's own."""
    folder = home / ".config/assistant"
    (folder / "themes").mkdir(parents=True)
    (folder / "themes/paper.toml").write_text(PAPER)
    (folder / "keys.toml").write_text('[everywhere]\ncosts = "f10"\n')


CHAPTERS = (not_now, helping, remapped, looks, changing, figures, lists, consent)
WALKED = {
    *("/help", "/theme", "/calm", "/settings", "/costs", "/tco", "/hat", "/titles", "/consent", "/outbox", "/offline"),
    *("Fetch a model", "Help", "Theme", "Calm", "Settings", "Panel", "Costs", "Edge or cloud", "HAT", "Chats", "Consent"),
    *("Outbox", "Go offline"),
}  # fmt: skip
