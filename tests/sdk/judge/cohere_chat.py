"""Cohere's v2, by Cohere's SDK."""

import inspect
import json
import typing

import cohere
import httpx
import pydantic
from cohere.v2 import raw_client
from cohere.v2.types.v2chat_response import V2ChatResponse
from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse

from judge import strict
from judge.ears import SSE, Wire, called, counts, data_of, heard, refused

wire = Wire(httpx)
client = cohere.ClientV2(
    api_key="any", base_url="http://gateway", httpx_client=httpx.Client(transport=wire.transport)
)
EVENTS = strict.by_type(V2ChatStreamResponse)
ASK = {"model": "m", "messages": [{"role": "user", "content": "a"}]}
FINISH = {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"}


def request_type():
    """A request's body: what the SDK's method takes, under the names that it sends."""
    method = raw_client.RawV2Client.chat
    hints = typing.get_type_hints(method, vars(raw_client), include_extras=True)
    fields = {"stream": (typing.Optional[bool], None)}
    for name, given in inspect.signature(method).parameters.items():
        if name not in ("self", "request_options"):
            needed = given.default is inspect.Parameter.empty
            fields[name] = (hints[name], ... if needed else None)
    return pydantic.create_model("Request", __config__=pydantic.ConfigDict(extra="forbid"), **fields)


REQUEST = request_type()


def usage_of(usage):
    if usage is None or usage.tokens is None:
        return None
    cached = None if usage.cached_tokens is None else int(usage.cached_tokens)
    return counts(int(usage.tokens.input_tokens or 0), cached, int(usage.tokens.output_tokens or 0), None)


def whole(body):
    wire.carries(body)
    answer = client.chat(**ASK)
    strict.check(lambda: V2ChatResponse.model_validate_json(body, strict=True))
    text, thought = "", answer.message.tool_plan or ""
    for part in answer.message.content or []:
        text += getattr(part, "text", None) or ""
        thought += getattr(part, "thinking", None) or ""
    calls = [called(call.id, call.function.name, call.function.arguments) for call in answer.message.tool_calls or []]
    return heard(text, thought, calls, FINISH.get(answer.finish_reason, answer.finish_reason),
                 usage_of(answer.usage), "")


def stream(body):
    wire.carries(body, SSE)
    text, thought, calls, finish, usage, complete = "", "", {}, "", None, False
    for event in client.chat_stream(**ASK):
        delta = getattr(event, "delta", None)
        message = getattr(delta, "message", None)
        if event.type in ("content-start", "content-delta"):
            text += message.content.text or ""
            thought += message.content.thinking or ""
        elif event.type == "tool-plan-delta":
            thought += message.tool_plan or ""
        elif event.type == "tool-call-start":
            call = message.tool_calls
            calls[event.index] = [call.id, call.function.name, call.function.arguments or ""]
        elif event.type == "tool-call-delta":
            calls[event.index][2] += message.tool_calls.function.arguments
        elif event.type == "message-end":
            finish, usage, complete = delta.finish_reason, usage_of(delta.usage), True
            if delta.error:
                raise RuntimeError(delta.error)
    for data in data_of(body):
        if data != "[DONE]":
            strict.check(lambda: EVENTS[json.loads(data)["type"]].model_validate_json(data, strict=True))
    calls = [called(*call) for call in calls.values()]
    return heard(text, thought, calls, FINISH.get(finish, finish), usage, "", complete)


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.chat(**ASK))


def request(text):
    return strict.problems(lambda: REQUEST.model_validate_json(text), json.loads(text))
