"""OpenAI's Responses, by OpenAI's SDK."""

import json

# First: it makes the SDK's types strict.
from judge.openai_client import client, wire  # isort: skip

import pydantic
from openai.types.responses import Response, ResponseStreamEvent, response_create_params

from judge import strict
from judge.ears import SSE, called, counts, data_of, heard, refused

REQUEST = pydantic.TypeAdapter(response_create_params.ResponseCreateParams)
EVENTS = strict.by_type(ResponseStreamEvent)
ASK = {"model": "m", "input": "a"}
ENDS = ("response.completed", "response.incomplete")


def hear(response, complete=True):
    text, thought, calls, refusal = response.output_text, "", [], ""
    for item in response.output:
        if item.type == "message":
            refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
        elif item.type == "reasoning":
            thought += "".join(part.text for part in [*item.summary, *(item.content or [])])
        elif item.type == "function_call":
            calls.append(called(item.call_id, item.name, item.arguments))
        elif item.type == "custom_tool_call":
            calls.append({"id": item.call_id, "name": item.name, "input": item.input})
    usage = response.usage and counts(
        response.usage.input_tokens,
        response.usage.input_tokens_details.cached_tokens,
        response.usage.output_tokens,
        response.usage.output_tokens_details.reasoning_tokens,
    )
    finish = "stop"
    if response.status == "incomplete":
        why = response.incomplete_details.reason
        finish = {"max_output_tokens": "length"}.get(why, why)
    return heard(text, thought, calls, finish, usage, response.model, complete, refusal)


def whole(body):
    wire.carries(body)
    response = client.responses.create(**ASK)
    strict.check(lambda: Response.model_validate_json(body, strict=True))
    return hear(response)


def stream(body):
    wire.carries(body, SSE)
    last, texts = None, []
    with client.responses.stream(**ASK) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                texts.append(event.delta)
            if event.type in ENDS:
                last = event.response
            if event.type in ("response.failed", "error"):
                raise RuntimeError(f"{event.type}: {event}")
        if last is not None and last.status == "completed":
            last = events.get_final_response()
    for number, data in enumerate(data_of(body)):
        kind = json.loads(data)
        strict.check(lambda: EVENTS[kind["type"]].model_validate_json(data, strict=True))
        if kind["type"] != "error" and kind["sequence_number"] != number:
            raise ValueError(f"{kind['type']} is number {kind['sequence_number']}, and comes as {number}")
    if last is None:
        return heard("".join(texts), "", [], "", None, "", False)
    if "".join(texts) != last.output_text:
        raise ValueError(f"its pieces say {''.join(texts)!r}, and its end {last.output_text!r}")
    return hear(last)


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.responses.create(**ASK))


def request(text):
    return strict.problems(lambda: REQUEST.validate_json(text, strict=True), json.loads(text))
