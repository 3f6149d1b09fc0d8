"""All actions with their usual keys, gathered from where they are bound."""

from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import TextArea

from assistant.domain import keys
from assistant.domain.keys import Action
from assistant.tui.actions import EVERYWHERE

Places = Mapping[str, tuple[type[DOMNode], ...]]


def places(app: type[DOMNode]) -> Places:
    """Every place, and the classes that bind its keys, `app` with them. Not the consent sheet: its keys are nobody's to change."""
    from assistant.tui.screens import acting, chat
    from assistant.tui.widgets import chats, columns, composer, transcript

    return {
        EVERYWHERE: (app, chat.ChatScreen, acting.ActingScreen, columns.Columns),
        "composer": (composer.Composer,),
        "conversation": (transcript.Transcript,),
        "chats": (chats.Chats,),
        **_sheets(),
    }


def _sheets() -> Places:
    from assistant.tui.screens import (
        beside,
        cost_entries,
        costs,
        fetch,
        grants,
        hat,
        held_message,
        images,
        one_line,
        outbox,
        pick,
        prompt_form,
        prompts,
        rename,
        routes,
        sampling,
        search,
        secret,
        settings,
        system,
        tco,
        tco_fields,
        themes,
    )
    from assistant.tui.screens import help as helping

    return {
        "costs": (costs.CostsScreen,),
        "cost_entries": (cost_entries.EntriesScreen,),
        "tco": (tco.TcoScreen,),
        "tco_fields": (tco_fields.TcoFields,),
        "hat": (hat.HatScreen,),
        "grants": (grants.GrantsScreen,),
        "outbox": (outbox.OutboxScreen,),
        "settings": (settings.SettingsScreen,),
        "themes": (themes.ThemeScreen,),
        "routes": (routes.RouteScreen,),
        "fetch": (fetch.FetchScreen,),
        "help": (helping.HelpScreen,),
        "pick": (pick.PickScreen,),
        "prompts": (prompts.PromptsScreen,),
        "prompt_form": (prompt_form.PromptFormScreen,),
        "sampling": (sampling.SamplingScreen,),
        "system": (system.SystemScreen, system.Writing),
        "beside": (beside.BesideScreen, beside.Reading),
        "rename": (rename.RenameScreen,),
        "one_line": (one_line.LineScreen,),
        "search": (search.SearchScreen,),
        "secret": (secret.SecretScreen,),
        "images": (images.ImagesScreen,),
        "held_message": (held_message.HeldMessageScreen,),
    }


def actions(app: type[DOMNode]) -> tuple[Action, ...]:
    """Every action of `app` and its screens with its usual keys, place by place; those with more than one binding of the same keys once."""
    found: dict[str, Action] = {}
    for classes in places(app).values():
        for binding in (each for one in classes for each in bound(one)):
            assert binding.id, binding
            known = found.get(binding.id)
            keys_ = tuple(dict.fromkeys((*(known.keys if known else ()), *_keys(binding))))
            about = (known.about if known else "") or binding.description
            found[binding.id] = Action(binding.id, about, keys_)
    return (*found.values(), *_editing(found))


def bound(one: type[DOMNode]) -> list[Binding]:
    """What a class itself binds."""
    return [each for each in one.__dict__.get("BINDINGS", ()) if isinstance(each, Binding)]


def _keys(binding: Binding) -> Iterator[str]:
    for key in binding.key.split(","):
        yield keys.key_of(key) or key.strip()


def _editing(found: Mapping[str, Action]) -> Iterator[Action]:
    """The keys that the composer has from the text area it is, less those that have another sense here."""
    ours = {
        key
        for action in found.values()
        if action.place in ("composer", EVERYWHERE)
        for key in action.keys
    }
    for binding in TextArea.BINDINGS:
        if isinstance(binding, Binding):
            free = tuple(key for key in _keys(binding) if key not in ours)
            if free:
                name = f"composer.text.{binding.action}"
                yield Action(name, binding.description.lower(), free, fixed=True)
