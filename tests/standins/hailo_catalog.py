"""What the stand-in of hailo-ollama tells of its models, and how it fetches and drops them."""

import asyncio

from tests.standins.hailo_device import Context, CrashError
from tests.standins.hailo_dto import Json
from tests.standins.hailo_facts import Model, Plan
from tests.standins.hailo_faults import Faults
from tests.standins.hailo_http import Exchange, encode, now_text

MODIFIED = "2026-01-15T09:30:00.000000000Z"
NEVER = "1677-09-21T00:12:43.145224192Z"
STEPS = 20


class Catalog:
    """The models on the stand-in's disk."""

    def __init__(self, plan: Plan, faults: Faults) -> None:
        self.plan = plan
        self.release = plan.release
        self.faults = faults
        names = [model.name for model in self.release.models]
        self.installed = list(names[:-2] if plan.installed is None else plan.installed)

    def ready(self, name: object) -> Model | None:
        """A model that can be used: known, and its file is there."""
        return self.release.model(str(name)) if name in self.installed else None

    def tags(self) -> Json:
        """`GET /api/tags`."""
        return {"models": [_short(m) for m in self.release.models if m.name in self.installed]}

    def every(self) -> Json:
        """`GET /hailo/v1/list`."""
        return {"models": [model.name for model in self.release.models]}

    def running(self, context: Context, ahead_s: float | None) -> Json:
        """`GET /api/ps`; a model that never expires has a date of nonsense."""
        model = self.ready(context.model_name)
        if model is None:
            return {"models": []}
        expires = NEVER if ahead_s is None else now_text(ahead_s)
        return {"models": [{**_short(model), "expires_at": expires}]}

    def show(self, exchange: Exchange, name: object) -> None:
        """`POST /api/show`."""
        model = self.ready(name)
        if model is None:
            self.unknown(exchange, name)
            return
        stops = [] if not self.release.shows_template else ["<|im_end|>", "<|endoftext|>"]
        template = {"template": "{%- for message in messages %}..."} if stops else {}
        exchange.json(
            {
                "modelfile": "",
                "parameters": "\n".join(f'stop{chr(34):>20}{token}"' for token in stops),
                **template,
                "details": model.details,
                "model_info": "",
                "modified_at": MODIFIED,
            }
        )

    def delete(self, exchange: Exchange, name: object) -> None:
        """`DELETE /api/delete`."""
        if self.ready(name) is None:
            exchange.json({"code": "not_found", "error": "model not found"}, 404)
            return
        self.installed.remove(str(name))
        exchange.text("")

    def unknown(self, exchange: Exchange, name: object) -> None:
        """A model that is not known, or known and not here: 200 on 5.1.1 all the same."""
        exchange.entry.outcome = "refused"
        exchange.json({"error": f"model '{name}' not found"}, self.release.not_found)

    async def pull(self, exchange: Exchange, body: Json) -> None:
        """`POST /api/pull`. Raises: CrashError where the download takes the server down."""
        model = self.release.model(str(body["model"]))
        if model is None:
            self.unknown(exchange, body["model"])
        elif body.get("stream", True):
            await self._pull_stream(exchange, model)
        else:
            await self._pull_whole(exchange, model)

    async def _pull_whole(self, exchange: Exchange, model: Model) -> None:
        await asyncio.sleep(self.plan.wall_s(self.plan.pull_s))
        if self.faults.take("pull-error") or self.faults.take("pull-drop"):
            if self.release.not_found == 200:
                exchange.error(500, "Failed to download", "Error processing request")
            else:
                exchange.json({"error": "Failed to download"}, 500)
            return
        self._install(model)
        exchange.json({"status": "success", **self._resolved("resolved_version", "")})

    async def _pull_stream(self, exchange: Exchange, model: Model) -> None:
        exchange.start()
        if model.name in self.installed:
            await asyncio.sleep(self.plan.wall_s(self.plan.pull_s / 4))
        else:
            for step in range(STEPS):
                await asyncio.sleep(self.plan.wall_s(self.plan.pull_s / STEPS))
                if step == STEPS // 2 and await self._broken(exchange):
                    return
                await self._progress(exchange, model, step + 1)
            await self._say(exchange, {"status": "verifying sha256 digest"})
            self._install(model)
        resolved = self._resolved("status", "resolved_version: ")
        if resolved:
            await self._say(exchange, resolved)
        await self._say(exchange, {"status": "success"})
        exchange.entry.outcome = "done"
        if self.release.pull_ends_properly:
            exchange.end()
        else:
            exchange.drop()

    async def _progress(self, exchange: Exchange, model: Model, step: int) -> None:
        done = model.size_bytes * step // STEPS
        total = model.size_bytes
        await self._say(
            exchange,
            {"status": "pulling", "digest": model.digest, "total": total, "completed": done},
        )

    async def _broken(self, exchange: Exchange) -> bool:
        if self.faults.take("pull-crash"):
            raise CrashError
        if self.faults.take("pull-stall"):
            await asyncio.Event().wait()
        if self.faults.take("pull-error"):
            exchange.entry.outcome = "failed"
            await self._say(exchange, {"error": "Failed to download"})
            exchange.end()
            return True
        dropped = self.faults.take("pull-drop") is not None
        if dropped:
            exchange.drop()
        return dropped

    async def _say(self, exchange: Exchange, line: Json) -> None:
        if exchange.gone and self.faults.take("pull-leave"):
            raise CrashError
        await exchange.line(encode(line))

    def _resolved(self, key: str, before: str) -> Json:
        if not self.release.names_resolved_version:
            return {}
        return {key: f"{before}{self.release.version}"}

    def _install(self, model: Model) -> None:
        if model.name not in self.installed:
            self.installed.append(model.name)


def _short(model: Model) -> Json:
    return {
        "name": model.name,
        "model": model.name,
        "modified_at": MODIFIED,
        "size": model.size_bytes,
        "details": model.details,
    }
