"""
The HTTP application of the engine. It listens on loopback, answers only requests that carry the
token and name a loopback host, and refuses any sent by a web page.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from azr_engine.capabilities import MAXIMUM_REQUEST_BYTES
from azr_engine.errors import EngineError, invalid_request
from azr_engine.fields import Fields
from azr_engine.futures import encode
from azr_engine.service import Service

PREFIX = "/api/v1"
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "[::1]"}


def build_application(service: Service, token: str) -> ASGIApp:
    """The whole application, with the guard in front of every route."""
    operations = service.operations()

    async def operate(request: Request) -> Response:
        operation = operations[request.url.path.removeprefix(f"{PREFIX}/")]
        return _json(operation(Fields(await _body(request))))

    async def retrieve(request: Request) -> Response:
        fields = Fields(await _body(request))
        payload = await service.retrieve_future(fields)
        if payload is None:
            waiting = {"type": "try_again", "request_id": fields.text("request_id")}
            return _json({**waiting, "queue_state": "active"})
        return Response(payload, media_type="application/json")

    async def health(_request: Request) -> Response:
        return _json({"status": "ok"})

    async def describe(_request: Request) -> Response:
        return _json(service.server_capabilities())

    async def delete(request: Request) -> Response:
        names = request.path_params
        service.delete_checkpoint(names["model"], names["kind"], names["name"])
        return _json({})

    checkpoint = f"{PREFIX}/training_runs/{{model}}/checkpoints/{{kind}}/{{name}}"
    application = Starlette(
        routes=[
            Route(f"{PREFIX}/healthz", health),
            Route(f"{PREFIX}/get_server_capabilities", describe),
            Route(f"{PREFIX}/retrieve_future", retrieve, methods=["POST"]),
            Route(checkpoint, delete, methods=["DELETE"]),
            *[Route(f"{PREFIX}/{name}", operate, methods=["POST"]) for name in operations],
        ],
        exception_handlers={EngineError: _engine_error},
    )
    return Guard(application, token)


class Guard:
    """Refuses what lacks the token, names another host (DNS rebinding) or comes from a web page."""

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._application = application
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        error = self._refusal(dict(scope["headers"]))
        if error is None:
            await self._application(scope, receive, send)
        else:
            await _json(error.payload(), error.status)(scope, receive, send)

    def _refusal(self, headers: dict[bytes, bytes]) -> EngineError | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if host.rsplit(":", 1)[0] not in LOOPBACK_HOSTS and host not in LOOPBACK_HOSTS:
            return EngineError(
                "forbidden_host", f"Host {host!r} is not loopback.", "Use 127.0.0.1.", status=403
            )
        if b"origin" in headers:
            return EngineError(
                "forbidden_origin",
                "Web pages may not use the engine.",
                "Use a program.",
                status=403,
            )
        if not hmac.compare_digest(headers.get(b"x-api-key", b""), self._token):
            return EngineError(
                "unauthorized",
                "The X-API-Key header is missing or wrong.",
                "Send the token the engine was started with.",
                status=401,
            )
        return None


async def _body(request: Request) -> Any:
    """The JSON body, at most MAXIMUM_REQUEST_BYTES of it, parsed off the event loop."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAXIMUM_REQUEST_BYTES:
            raise EngineError(
                "request_too_large",
                f"A request may have at most {MAXIMUM_REQUEST_BYTES} bytes.",
                "Split the data over several requests.",
                status=413,
            )
    if not data:
        return {}
    try:
        return await run_in_threadpool(json.loads, bytes(data))
    except (ValueError, RecursionError) as error:
        raise invalid_request(f"The body is not JSON: {error}") from error


async def _engine_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    return _json(error.payload(), error.status)


def _json(payload: dict[str, Any], status: int = 200) -> Response:
    return Response(encode(payload), status_code=status, media_type="application/json")
