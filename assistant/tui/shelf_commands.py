"""What the palette offers for whole conversations: their titles, their places, what takes them away and back."""

from collections.abc import Callable, Iterable

from textual.app import SystemCommand

from assistant.tui.screens.chat import ChatScreen


def of_chats(chat: ChatScreen) -> Iterable[SystemCommand]:
    """Those for the open conversation only where there is one."""
    columns = chat.columns

    def start(verb: str) -> Callable[[], object]:
        return lambda: chat.run_worker(chat.act(verb, chat.desk.chat.conversation))

    def deleted() -> None:
        from assistant.tui.deleted import bring_back

        chat.run_worker(bring_back(chat))

    def archive() -> None:
        if chat.focused is not columns.chats:
            columns.action_chats()
        columns.chats.action_ask("turn")

    if chat.desk.chat.conversation:
        yield SystemCommand("Rename chat", "Give this conversation a title", start("rename"))
        yield SystemCommand("Delete chat", "Take this conversation away", start("delete"))
        yield SystemCommand("Pin chat", "On top of the list, or not any more", start("pin"))
        yield SystemCommand("Archive chat", "Out of the list, or into it again", start("archive"))
        yield SystemCommand(
            "Summarise the older part",
            "All but the newest turns, on this machine; the messages stay",
            chat.action_summarise,
        )
        yield SystemCommand(
            "Take the summary back", "Its messages are read in full again", chat.action_undo_summary
        )
    yield SystemCommand("Archive", "Show the archive, or the list again", archive)
    yield SystemCommand(
        "Undo delete, archive", "Bring back the chat that went last", start("restore")
    )
    yield SystemCommand("Deleted chats", "Every chat that was deleted, to bring one back", deleted)
