"""Ollama's own API, by Ollama's SDK."""

import json

import httpx
import ollama
import pydantic
from ollama._types import ChatRequest, ChatResponse, Message, Options, Tool

from judge import strict
from judge.ears import Wire, called, counts, heard, refused

wire = Wire(httpx)
client = ollama.Client(host="http://gateway", transport=wire.transport)
ASK = {"model": "m", "messages": [{"role": "user", "content": "a"}]}


def hear(chunks):
    text, thought, calls, finish, usage, model, complete = "", "", [], "", None, "", False
    for chunk in chunks:
        text += chunk.message.content or ""
        thought += chunk.message.thinking or ""
        model = chunk.model
        for call in chunk.message.tool_calls or []:
            calls.append(called(None, call.function.name, dict(call.function.arguments)))
        if chunk.done:
            complete, finish = True, chunk.done_reason
            if chunk.eval_count is not None:
                usage = counts(chunk.prompt_eval_count or 0, None, chunk.eval_count, None)
    return heard(text, thought, calls, finish, usage, model, complete)


def check(line):
    strict.check(lambda: ChatResponse.model_validate_json(line, strict=True))


def whole(body):
    wire.carries(body)
    answer = client.chat(**ASK)
    check(body)
    return hear([answer])


def stream(body):
    wire.carries(body, "application/x-ndjson")
    chunks = list(client.chat(**ASK, stream=True))
    for line in body.decode().split("\n"):
        if line:
            check(line)
    return hear(chunks)


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.chat(**ASK))


class Turn(Message):
    """As it is sent: an image that its callers give as a file is base64 by then."""

    images: list[pydantic.Base64Bytes] | None = None


class Request(ChatRequest):
    """As the SDK's, without what it takes for the convenience of its callers."""

    model_config = pydantic.ConfigDict(extra="forbid")

    messages: list[Turn]
    options: Options | None = None


def request(text):
    body = json.loads(text)
    found = strict.problems(lambda: Request.model_validate_json(text))
    for i, message in enumerate(body.get("messages", [])):
        found += unknown(message, Message, f"/messages/{i}")
        for j, call in enumerate(message.get("tool_calls") or []):
            found += unknown(call, Message.ToolCall, f"/messages/{i}/tool_calls/{j}", ["id"])
    for i, tool in enumerate(body.get("tools") or []):
        found += unknown(tool, Tool, f"/tools/{i}")
        found += unknown(tool["function"], Tool.Function, f"/tools/{i}/function")
    return found + unknown(body.get("options") or {}, Options, "/options", ["min_p"])


def unknown(value, model, at, but=()):
    """Members that a model would pass over, but for those that only the server knows."""
    return [f"{at}/{name}: unknown" for name in value if name not in model.model_fields and name not in but]
