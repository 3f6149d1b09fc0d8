"""The walk through what is written and kept: prompts, attachments, labels, sampling, search, copies, files, the list, summaries."""

import json
from pathlib import Path

from tests.e2e.walker import Walker
from tests.picture_maker import png

WARD = '+++\ntitle = "Ward letter"\n\n[variables.who]\nquestion = "To whom?"\n+++\nWrite to {{who}}: {{input}}\n'
CODE = "sudo ptp4l -i eth0"
CHAT = [
    {"role": "user", "content": "How do I keep Pis in time?"},
    {"role": "assistant", "content": f"Use PTP:\n\n```bash\n{CODE}\n```\n"},
]


def put_files(home: Path) -> None:
    """A prompt with a variable, a note and an image to attach, and an export of another program."""
    prompts = home / ".config/assistant/prompts"
    prompts.mkdir(parents=True)
    (prompts / "ward.md").write_text(WARD)
    (home / "lake.png").write_bytes(png())
    (home / "notes.txt").write_text("The ward has four Pis.\n")
    (home / "chats.json").write_text(json.dumps(webui()))


def importing(on: Walker) -> None:
    """Chats of another program come in, as local-only, and one is opened from the list."""
    for way in ("/import", "Import chats"):
        on.use(way)
        on.see("The path of an export")
        on.type("~/chats.json")
        on.press("enter")
        on.gone("The path of an export")
    on.see("Clocks")
    on.list("down", "enter")
    on.see("How do I keep Pis in time?", CODE)


def copying(on: Walker) -> None:
    """A code block and a whole reply go to the terminal's clipboard (OSC 52), and it is said."""
    on.go_to("shift+tab", "Clocks")
    on.press("]", "c")
    on.copied(CODE)
    on.see("sent to the terminal's clipboard (OSC 52)")
    on.press("y")
    on.copied("Use PTP:")
    on.go_to("esc", "Clocks")
    for way in ("/copy", "Copy reply"):
        on.terminal.raw.clear()
        on.use(way)
        on.copied("Use PTP:")


def prompts(on: Walker) -> None:
    """A prompt of the library is filled in and stands in the composer; nothing is sent."""
    on.slash("/prompt ward")
    on.see("To whom?")
    on.type("Anna")
    on.see("Write to Anna:")
    on.press("enter")
    on.gone("To whom?")
    on.see("Write to Anna:")
    on.press("ctrl+u")
    on.empty()
    for way in ("f6", "Prompts"):
        on.press(way) if way == "f6" else on.palette(way)
        on.see("type to filter")
        on.type("ward")
        on.close("type to filter")


def system(on: Walker) -> None:
    """What the model is told, by command and by sheet."""
    on.slash("/system Speak like a sailor.")
    on.see("the model is told it from the next message on")
    on.palette("System prompt")
    on.see("System prompt of this chat", "Speak like a sailor.")
    on.close("System prompt of this chat")
    on.slash("/system clear")
    on.see("no system prompt here")


def sampling(on: Walker) -> None:
    """Presets and single values."""
    on.slash("/preset precise")
    on.see("precise:", "─ precise ─")
    on.palette("Preset")
    on.see("Preset of this chat")
    on.close("Preset of this chat")
    on.slash("/temperature 0.1")
    on.see("temperature 0.1 in this chat", "own sampling")
    on.palette("Sampling")
    on.see("How replies in this chat are made")
    on.press("d")
    on.see("none: as the settings say")
    on.close("How replies in this chat are made")
    on.slash("/set max_tokens 4")
    on.see("max_tokens 4 in this chat")
    on.slash("/model")
    on.see("Which model answers?", "in use")
    on.press("enter")
    on.see("answers now")
    on.palette("Model")
    on.see("Which model answers?")
    on.close("Which model answers?")


def attaching(on: Walker) -> None:
    """A text and an image by their paths, one by the palette, a long paste folded; sent with a message, and shown in the conversation."""
    on.press("ctrl+n")
    on.see("answers on this machine")
    for typed, name in (("@~/not", "notes.txt"), ("@~/lak", "lake.png")):
        on.terminal.send(typed)
        on.see(f"▸ ~/{name} ")
        on.press("enter")
        on.see(f"⟦{name} · ")
        if name == "lake.png":
            looking(on)
        on.press("ctrl+u")
        on.empty()
    for way in ("/attach", "Attach a file"):
        on.use(way)
        on.see("│ @", "─ attach ─")
        on.press("ctrl+u")
        on.empty()
    on.paste("a\n" * 61)
    on.see("⟦pasted text · 122 bytes")
    on.type("Say it again.")
    on.press("enter")
    on.answered("Say it again.", "pasted text")
    on.go_to("shift+tab", "Say it again.")
    on.press("up", "t")
    on.when(lambda screen: screen.count("│ a ") > 20 or screen.count("   a ") > 20)
    on.palette("Thought")
    on.go_to("esc", "Say it again.")


def looking(on: Walker) -> None:
    """The image of the message that is written is looked at before the send; a chat without any says so."""
    on.palette("Look at images")
    on.see("Images of your next message", "lake.png", "▀" * 8)
    on.close("Images of your next message")
    on.press("ctrl+u")
    on.empty()
    on.slash("/look")
    on.see("there is no image here")


def labels(on: Walker) -> None:
    """How far the next message, this message and this chat may travel."""
    on.slash("/label local-only")
    on.see("the next message is local-only", "▲ local-only ─")
    on.press("ctrl+l")
    on.gone("▲ local-only ─")
    on.palette("Label of the next message")
    on.palette("Make this message local-only")
    on.see("and the replies that came of it stay on")
    on.palette("Label of this chat")
    on.see("what is said in this chat from now on is local-only")


def drafts(on: Walker) -> None:
    """What is typed in a chat stays there; another chat has its own."""
    on.slash("/title Second")
    on.see("─ Second ─")
    on.type("half a thought")
    on.press("ctrl+n")
    on.empty()
    on.type("another one")
    on.list("down", "enter")
    on.see("half a thought")
    on.press("ctrl+u")
    on.empty()
    on.slash("/clear")
    on.see("another one")
    on.press("ctrl+u")
    on.empty()


def lists(on: Walker) -> None:
    """Titles, pins, the archive, what is taken away and comes back."""
    on.list("down", "enter")
    on.see("─ Second ─")
    on.palette("Rename chat")
    on.see("enter keep · esc leave as it was")
    on.press("ctrl+u", *"Third", "enter")
    on.see("─ Third ─")
    on.slash("/pin")
    on.see("“Third” is pinned", "Pinned")
    on.palette("Pin chat")
    on.see("pinned no more")
    on.slash("/archive")
    on.see("archived “Third”")
    on.palette("Archive")
    on.see("Archive · A back", "▌ Third")
    on.palette("Archive")
    on.gone("Archive · A back")
    on.palette("Undo delete, archive")
    on.see("▌ Third")
    on.go_to("esc", "Chats")
    on.palette("Archive chat")
    on.gone("▌ Third")
    on.slash("/undo")
    on.see("▌ Third")
    on.palette("Delete chat")
    on.see("deleted “Third”")
    on.slash("/undo")
    on.see(" Third ")


def searching(on: Walker) -> None:
    """A word in all chats, with a filter by key; the way to the hit."""
    on.slash("/search ptp4l")
    on.see("3 found", "Clocks")
    on.press("ctrl+l")
    on.see("label:")
    on.close("enter opens it")
    for way in ("ctrl+f", "Search history"):
        on.press(way) if way == "ctrl+f" else on.palette(way)
        on.see("─ Search history ─", "enter opens it")
        on.press("ctrl+u", *"ptp4l", "enter")
        on.gone("─ Search history ─")
        on.see("─ Clocks ─", "hit 3 of 3")
        on.press("esc")
        on.close("─ Search history ─")
    on.palette("Search chats")
    on.see("/ ▏")
    on.press("esc")
    on.gone("/ ▏")
    on.go_to("esc", "Chats")


def exporting(on: Walker) -> None:
    """A chat into files, by sheet and by command."""
    on.slash("/export json ~/out.json")
    on.see("written to")
    assert CODE in on.file(on.home / "out.json")
    on.palette("Export this chat")
    on.see("Export this chat into which file?", "HTML")
    on.press("enter")
    on.gone("Export this chat into which file?")
    folder = on.home / ".local/share/assistant/exports"
    on.when(lambda _: folder.exists() and any(folder.glob("*.html")))


def summarising(on: Walker) -> None:
    """The older part is worded on this machine, and is read in full again; escape ends it."""
    on.slash("/compact")
    on.see("summarised: it stands above the messages")
    on.slash("/uncompact")
    on.see("the model reads those messages in full again")
    on.palette("Summarise the older part")
    on.see("esc stops")
    on.press("esc")
    on.see("nothing was summarised")
    on.palette("Take the summary back")
    on.see("nothing is summarised here")


def quitting(on: Walker) -> None:
    """Everything is kept, and the program ends."""
    on.palette("New chat")
    on.see("answers on this machine")
    on.slash("/quit")
    assert on.terminal.wait_for_exit() == 0


def webui() -> list[object]:
    """An export of Open WebUI: one chat of three turns."""
    messages: dict[str, dict[str, object]] = {}
    for number, said in enumerate(CHAT * 3):
        key, parent = f"m{number}", f"m{number - 1}" if number else None
        children = [f"m{number + 1}"] if number < 5 else []
        at = 1_720_000_000 + number
        messages[key] = {"id": key, "parentId": parent, "childrenIds": children, "timestamp": at, **said}  # fmt: skip
    chat = {"title": "Clocks", "models": ["a"], "history": {"messages": messages, "currentId": "m5"}}  # fmt: skip
    return [{"id": "w", "title": "Clocks", "created_at": 1_720_000_000, "updated_at": 1_720_000_100, "chat": chat}]  # fmt: skip


CHAPTERS = (
    importing,
    copying,
    prompts,
    system,
    sampling,
    attaching,
    labels,
    drafts,
    lists,
    searching,
    exporting,
    summarising,
    quitting,
)
WALKED = {
    *("/import", "/copy", "/prompt", "/system", "/preset", "/temperature", "/set", "/model", "/attach", "/look", "/label", "/title"),
    *("/clear", "/pin", "/archive", "/undo", "/search", "/export", "/compact", "/uncompact", "/quit"),
    *("Import chats", "Copy reply", "Prompts", "System prompt", "Preset", "Sampling", "Model", "Attach a file", "Look at images", "Thought"),
    *("Label of the next message", "Make this message local-only", "Label of this chat", "Rename chat", "Pin chat"),
    *("Archive", "Undo delete, archive", "Archive chat", "Delete chat", "Search history", "Search chats"),
    *("Export this chat", "Summarise the older part", "Take the summary back", "New chat"),
}  # fmt: skip
