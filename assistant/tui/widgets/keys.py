"""Keys in the order in which they were pressed."""

from textual import events
from textual.widget import Widget


async def act(widget: Widget, event: events.Key) -> None:
    """Runs what `widget` itself has bound to the key, at once; the person's own keys go before the usual ones.

    Left to the screen, a key would act behind what was typed after it: keys that arrive together, as they do over a
    slow line, would send or delete something else.
    """
    bindings = widget._bindings
    if keymap := widget.app._keymap:
        bindings = bindings.copy()
        bindings.apply_keymap(keymap)
    for binding in bindings.key_to_bindings.get(event.key, ()):
        if await widget.app.run_action(binding.action, widget):
            event.stop()
            event.prevent_default()
            return
