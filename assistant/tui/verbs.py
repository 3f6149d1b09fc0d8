"""Every command that can be typed behind a slash: one list, from which completion, palette, help and documents come; pure."""

import difflib
from typing import NamedTuple


class Verb(NamedTuple):
    """One command: `usage` is what may follow its name, `about` says what it does, `palette` names the entry that does it too.

    `lines`: what follows may have several lines. `also` are other names of it.
    """

    name: str
    usage: str
    about: str
    palette: str
    lines: bool = False
    also: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """`/model [NAME]`."""
        return f"/{self.name} {self.usage}".rstrip()


VERBS: tuple[Verb, ...] = (
    Verb("help", "", "All keys and all commands", "Help"),
    Verb("clear", "", "Begin an empty chat; this one stays in the list", "New chat", also=("new",)),
    Verb("model", "[NAME]", "Which model answers, and where", "Model"),
    Verb("route", "[ID]", "Keep this chat on one route, or on none", "Route"),
    Verb(
        "system",
        "[TEXT]",
        "What the model is told before this conversation",
        "System prompt",
        lines=True,
    ),
    Verb("prompt", "[NAME [TEXT]]", "Put a prompt of the library here", "Prompts", lines=True),
    Verb("preset", "[NAME]", "How replies in this chat are made, by name", "Preset"),
    Verb("set", "[KEY VALUE]", "One value of how replies are made", "Sampling"),
    Verb("temperature", "[VALUE]", "How freely words are chosen, from 0 to 2", "Sampling"),
    Verb(
        "label",
        "[LABEL]",
        "How far the next message may travel",
        "Label of the next message",
    ),
    Verb("title", "[TEXT]", "Give this conversation a title", "Rename chat", also=("rename",)),
    Verb("copy", "", "Copy the latest reply", "Copy reply"),
    Verb("search", "[WORDS]", "Find a message by its words, in all chats", "Search history"),
    Verb("titles", "", "Find a conversation by its title", "Search chats"),
    Verb("edit", "", "Edit the last message; it begins a branch of its own", "Edit message"),
    Verb("again", "", "Ask the same again, on the same route", "Regenerate", also=("regenerate",)),
    Verb("elsewhere", "", "Ask the same again, on another route", "Regenerate elsewhere"),
    Verb("continue", "", "Go on where the reply stopped or was cut", "Continue reply"),
    Verb("branch", "", "The next message follows the reply at hand", "Branch from here"),
    Verb("beside", "", "Two routes' answers to one message, side by side", "Side by side"),
    Verb("export", "[FORM] [PATH]", "Write this conversation into a file", "Export this chat"),
    Verb("pin", "", "Keep this chat on top of the list, or not any more", "Pin chat"),
    Verb("archive", "", "Put this chat out of the list, or into it again", "Archive chat"),
    Verb("compact", "", "Summarise the older part on this machine", "Summarise the older part"),
    Verb("uncompact", "", "Take the summary back", "Take the summary back"),
    Verb("delete", "", "Take this conversation away; /undo brings it back", "Delete chat"),
    Verb("undo", "", "Bring back the chat that went last", "Undo delete, archive"),
    Verb("deleted", "", "Every chat that was deleted, to bring one back", "Deleted chats"),
    Verb("import", "", "Take in conversations from a file", "Import chats"),
    Verb("attach", "", "Attach a file or a folder", "Attach a file"),
    Verb("look", "", "Images of the message that you write, or of one above", "Look at images"),
    Verb("theme", "", "The colours, with a preview", "Theme"),
    Verb("calm", "", "The calm screen for slow lines, or the usual one", "Calm"),
    Verb("consent", "", "Every grant, what is left of it", "Consent"),
    Verb("outbox", "", "All that ever left this machine", "Outbox"),
    Verb("offline", "", "Take every grant back; nothing leaves", "Go offline"),
    Verb("costs", "", "What it cost here and in the cloud", "Costs"),
    Verb("tco", "", "Edge or cloud, over years", "Edge or cloud"),
    Verb("hat", "", "The HAT and the routes", "HAT"),
    Verb("settings", "", "All settings", "Settings"),
    Verb("quit", "", "Keep everything and quit", "Quit", also=("exit",)),
)


def named(name: str) -> Verb | None:
    """The command of that name, or of that other name; None where there is none."""
    return next((verb for verb in VERBS if name == verb.name or name in verb.also), None)


def nearest(name: str) -> str:
    """The command that `name` was probably meant to be, with its slash; "" where none is near."""
    names = [word for verb in VERBS for word in (verb.name, *verb.also)]
    begun = [word for word in names if word.startswith(name)]
    close = begun or difflib.get_close_matches(name, names, 1)
    return f"/{close[0]}" if close else ""


def found(typed: str) -> tuple[Verb, ...]:
    """The commands that `typed` may become: those that begin so, then those whose letters come in that order."""
    begun = [verb for verb in VERBS if verb.name.startswith(typed)]
    other = [v for v in VERBS if v not in begun and any(word.startswith(typed) for word in v.also)]
    loose = [v for v in VERBS if v not in (*begun, *other) and typed and _in_order(typed, v.name)]
    return (*begun, *other, *loose)


def _in_order(letters: str, word: str) -> bool:
    rest = iter(word)
    return word[0] == letters[0] and all(letter in rest for letter in letters)
