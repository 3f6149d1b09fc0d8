"""The walk through talking: the first run, asking, stopping, and what is done with messages and their versions."""

from pathlib import Path

from tests.e2e.walker import Walker

STORY = "Tell me a very long story about the sea."
GREETING = "answers on this machine"
MODEL = "lmstudio:org/smol/SmolLM2"


def first_run(on: Walker) -> None:
    """Nothing is fetched; a model that lies here already is taken where it lies."""
    on.see("A model for this machine", "Nothing is fetched until you say so.", "Use one that is")
    on.press("right", "enter")
    on.see("Used where it lies: no second copy", MODEL)
    on.press("enter")
    on.see(GREETING, "nothing has left")


def asking(on: Walker) -> None:
    """A question, its answer, its figures."""
    on.say("Say hello.")
    on.answered("assistant · local")
    on.see("tok/s", "TTFT", "cut at the limit")


def stopping(on: Walker) -> None:
    """A reply is stopped by a key; what was typed meanwhile waited, and comes back."""
    on.slash("/set max_tokens 0")
    on.see("max_tokens as fits in this chat")
    on.say(STORY)
    on.begun(STORY)
    on.say("And then?")
    on.see("queued And then?")
    on.press("up")
    on.gone("queued", "ask anything")
    on.press("ctrl+u", "esc")
    on.stopped()
    on.empty()


def going_on(on: Walker) -> None:
    """A stopped reply goes on, in a version of its own."""
    on.slash("/set max_tokens 3")
    on.see("max_tokens 3 in this chat")
    on.slash("/continue")
    on.answered("you ‹ 2/2 ›")
    on.palette("Continue reply")
    on.answered("you ‹ 3/3 ›")


def again(on: Walker) -> None:
    """The same again, by command, palette and key; then through the versions."""
    on.slash("/again")
    on.answered("you ‹ 4/4 ›")
    on.palette("Regenerate")
    on.answered("you ‹ 5/5 ›")
    on.palette("Previous version")
    on.see("you ‹ 4/5 ›")
    on.palette("Next version")
    on.see("you ‹ 5/5 ›")
    on.go_to("shift+tab", "Say hello.")
    on.press("left")
    on.see("you ‹ 4/5 ›")
    on.press("right")
    on.see("you ‹ 5/5 ›")
    on.press("r")
    on.answered("you ‹ 6/6 ›")
    on.press("end")
    on.go_to("esc", "Say hello.")


def editing(on: Walker) -> None:
    """A sent message is changed in a branch of its own; escape leaves an edit."""
    on.slash("/edit")
    on.see("edit of a sent message", "esc leave edit")
    on.press("esc")
    on.gone("edit of a sent message")
    on.palette("Edit message")
    on.see("edit of a sent message")
    on.press("ctrl+u")
    on.say("Tell me of a lake.")
    on.answered("you ‹ 7/7 ›")
    on.see("  Tell me of a lake.")


def branching(on: Walker) -> None:
    """From an earlier reply on, another way; and back to the one before."""
    on.slash("/branch")
    on.see("the next message follows this reply already")
    on.go_to("shift+tab", "Say hello.")
    on.press("home", "b")
    on.see("the next message follows this reply · right goes back")
    on.gone("you ‹ 7/7 ›")
    on.say("Say goodbye.")
    on.answered("you ‹ 8/8 ›")
    on.go_to("shift+tab", "Say hello.")
    on.press("up")
    on.palette("Branch from here")


def deleting(on: Walker) -> None:
    """A message goes with what came of it, and comes back."""
    on.palette("Delete message")
    on.see("deleted “Say goodbye.”")
    on.gone("  Say goodbye.")
    on.palette("Bring back message")
    on.see("  Say goodbye.")
    on.go_to("esc", "Say hello.")


def gone_chats(on: Walker) -> None:
    """A whole chat goes, and comes back: the last one, or any one that is picked."""
    on.slash("/delete")
    on.see("deleted “Say hello.”", GREETING)
    on.slash("/undo")
    on.see("▌ New chat", "  Say hello.")
    on.list("down", "enter")
    on.see("  Say goodbye.")
    on.slash("/delete")
    on.see(GREETING)
    on.slash("/deleted")
    on.see("Bring back a deleted chat", "Say hello. · ")
    on.press("enter")
    on.see("▌ Say hello.", "  Say goodbye.")
    on.palette("Deleted chats")
    on.see("no chat is deleted")
    on.pick("Quit")
    assert on.terminal.wait_for_exit() == 0


def put_files(home: Path, model: Path) -> None:
    """LM Studio has the starter in its folder: a person had it already."""
    place = home / ".lmstudio/models/org/smol/SmolLM2.gguf"
    place.parent.mkdir(parents=True)
    place.symlink_to(model)


CHAPTERS = (first_run, asking, stopping, going_on, again, editing, branching, deleting, gone_chats)
WALKED = {
    *("/set", "/continue", "/again", "/edit", "/branch", "/delete", "/undo", "/deleted"),
    *("Regenerate", "Previous version", "Next version", "Edit message", "Branch from here", "Delete message"),
    *("Bring back message", "Continue reply", "Deleted chats", "Quit"),
}  # fmt: skip
