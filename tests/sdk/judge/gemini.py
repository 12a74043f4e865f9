"""Gemini, by Google's SDK."""

import json
import typing
import warnings

import httpx
import pydantic
from google import genai
from google.genai import types

from judge import strict
from judge.ears import SSE, Wire, called, counts, data_of, heard, refused

# It makes up a member for what an enum does not have, and warns.
warnings.filterwarnings("error", message=".* is not a valid .*")
wire = Wire(httpx)
client = genai.Client(
    api_key="any",
    http_options=types.HttpOptions(
        base_url="http://gateway", httpx_client=httpx.Client(transport=wire.transport)
    ),
)
ASK = {"model": "m", "contents": "a"}
FILTERS = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE")


class Request(pydantic.BaseModel):
    """A request's body, put together from the SDK's types: its own builder takes it apart."""

    model_config = pydantic.ConfigDict(extra="forbid")

    model: typing.Optional[str] = None
    contents: typing.List[types.Content]
    systemInstruction: typing.Optional[types.Content] = None
    tools: typing.Optional[typing.List[types.Tool]] = None
    toolConfig: typing.Optional[types.ToolConfig] = None
    safetySettings: typing.Optional[typing.List[types.SafetySetting]] = None
    generationConfig: typing.Optional[types.GenerationConfig] = None
    cachedContent: typing.Optional[str] = None
    serviceTier: typing.Optional[types.ServiceTier] = None
    labels: typing.Optional[typing.Dict[str, str]] = None


def hear(chunks, whys, complete=True):
    text, thought, calls, finish, usage, model = "", "", [], "", None, ""
    for chunk in chunks:
        model = chunk.model_version or model
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            finish = "content_filter"
        for candidate in chunk.candidates or []:
            if candidate.index:
                continue
            for part in candidate.content and candidate.content.parts or []:
                if part.thought:
                    thought += part.text or ""
                else:
                    text += part.text or ""
                if part.function_call:
                    call = part.function_call
                    calls.append(called(call.id, call.name, call.args or {}))
            if candidate.finish_reason:
                name = candidate.finish_reason.name
                finish = {"STOP": "stop", "MAX_TOKENS": "length"}.get(name, name)
                finish = "content_filter" if name in FILTERS else finish
        said = chunk.usage_metadata
        if said:
            thoughts = said.thoughts_token_count or 0
            prompt = (said.prompt_token_count or 0) + (said.tool_use_prompt_token_count or 0)
            output = (said.candidates_token_count or 0) + thoughts
            usage = counts(prompt, said.cached_content_token_count or 0, output, thoughts)
    return heard(text, thought, calls, finish, usage, model, complete and bool(finish), "".join(whys))


def check(data):
    """Looks at it strictly, and reads why it ended: of that, the client for this host says nothing."""
    strict.check(lambda: types.GenerateContentResponse.model_validate_json(data))
    answer = types.GenerateContentResponse.model_validate_json(data)
    return "".join(candidate.finish_message or "" for candidate in answer.candidates or [])


def whole(body):
    wire.carries(body)
    answer = client.models.generate_content(**ASK)
    return hear([answer], [check(body)])


def stream(body):
    wire.carries(body, SSE)
    chunks = list(client.models.generate_content_stream(**ASK))
    return hear(chunks, [check(data) for data in data_of(body)])


def error(status, body):
    wire.carries(body, status=status)
    return refused(lambda: client.models.generate_content(**ASK))


def request(text):
    try:
        return strict.problems(lambda: Request.model_validate_json(text), json.loads(text))
    except Warning as warning:
        return [str(warning)]
