"""Drives the gateway with the official OpenAI and Anthropic SDKs."""

import json
import sys

import anthropic
import openai

BASE = sys.argv[1]
OPENAI = openai.OpenAI(base_url=f"{BASE}/v1", api_key="any", max_retries=0)
ANTHROPIC = anthropic.Anthropic(base_url=BASE, api_key="any", max_retries=0)
ROUTES = ["openai", "anthropic"]
SAY = 'say:"Grüße aus Köln 🌍"'
SAID = "Grüße aus Köln 🌍"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Weather now", "parameters": SCHEMA}}
CALL = 'tool:weather {"city": "Köln"}'


def check(name, condition, detail=""):
    if not condition:
        sys.exit(f"FAILED {name}: {detail}")
    print(f"ok {name}")


def ask(text):
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def openai_plain(route):
    answer = OPENAI.chat.completions.create(model=route, messages=ask(SAY))
    choice = answer.choices[0]
    check(f"openai plain {route}", choice.message.content == SAID and choice.finish_reason == "stop", answer)
    check(f"openai usage {route}", answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens and answer.usage.completion_tokens > 0, answer.usage)


def openai_stream(route):
    stream = OPENAI.chat.completions.create(model=route, messages=ask(SAY), stream=True, stream_options={"include_usage": True})
    text, finish, usage = "", None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    check(f"openai stream {route}", (text, finish) == (SAID, "stop"), (text, finish))
    check(f"openai stream usage {route}", usage is not None and usage.completion_tokens > 0, usage)
    silent = OPENAI.chat.completions.create(model=route, messages=ask(SAY), stream=True)
    chunks = list(silent)
    check(f"openai stream without usage {route}", all(chunk.choices and chunk.usage is None for chunk in chunks), chunks[-1])


def openai_tools(route):
    answer = OPENAI.chat.completions.create(model=route, messages=ask(CALL), tools=[TOOL])
    call = answer.choices[0].message.tool_calls[0]
    check(f"openai tools {route}", (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Köln"}), answer)
    check(f"openai tools finish {route}", answer.choices[0].finish_reason == "tool_calls", answer)
    turn = [answer.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny, 21 °C"}]
    after = OPENAI.chat.completions.create(model=route, messages=[*ask(CALL), *turn], tools=[TOOL])
    check(f"openai tool result {route}", "21 °C" in after.choices[0].message.content, after)

    arguments, name = "", None
    for chunk in OPENAI.chat.completions.create(model=route, messages=ask(CALL), tools=[TOOL], stream=True):
        for choice in chunk.choices:
            for part in choice.delta.tool_calls or []:
                name = part.function.name or name
                arguments += part.function.arguments or ""
    check(f"openai streamed tools {route}", (name, json.loads(arguments)) == ("weather", {"city": "Köln"}), arguments)


def openai_stop(route):
    answer = OPENAI.chat.completions.create(model=route, messages=ask('say:"one two STOP three"'), stop=["STOP"])
    check(f"openai stop {route}", answer.choices[0].message.content.strip() == "one two", answer)


def anthropic_stop(route):
    user = {"role": "user", "content": 'say:"one two STOP three"'}
    asked = {"model": route, "max_tokens": 200, "stop_sequences": ["STOP", "never"], "messages": [user]}
    answer = ANTHROPIC.messages.create(**asked)
    check(f"anthropic stop {route}", answer.content[0].text.strip() == "one two", answer)
    with ANTHROPIC.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    check(f"anthropic streamed stop {route}", final.content[0].text.strip() == "one two", final)
    # OpenAI's dialect does not say which of them it was.
    told = ("stop_sequence", "STOP") if route == "anthropic" else ("end_turn", None)
    for seen in [answer, final]:
        check(f"anthropic stop reason {route}", (seen.stop_reason, seen.stop_sequence) == told, seen)


def anthropic_plain(route):
    answer = ANTHROPIC.messages.create(model=route, max_tokens=200, system="Be brief.", messages=[{"role": "user", "content": SAY}])
    check(f"anthropic plain {route}", (answer.content[0].text, answer.stop_reason) == (SAID, "end_turn"), answer)
    check(f"anthropic usage {route}", answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0, answer.usage)


def anthropic_stream(route):
    with ANTHROPIC.messages.stream(model=route, max_tokens=200, messages=[{"role": "user", "content": SAY}]) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    check(f"anthropic stream {route}", (text, final.stop_reason) == (SAID, "end_turn"), final)
    check(f"anthropic stream usage {route}", final.usage.input_tokens > 0 and final.usage.output_tokens > 0, final.usage)


def anthropic_tools(route):
    tool = {"name": "weather", "description": "Weather now", "input_schema": SCHEMA}
    user = {"role": "user", "content": CALL}
    answer = ANTHROPIC.messages.create(model=route, max_tokens=200, tools=[tool], messages=[user])
    call = next(block for block in answer.content if block.type == "tool_use")
    check(f"anthropic tools {route}", (call.name, call.input, answer.stop_reason) == ("weather", {"city": "Köln"}, "tool_use"), answer)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny, 21 °C"}
    turns = [user, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    after = ANTHROPIC.messages.create(model=route, max_tokens=200, tools=[tool], messages=turns)
    check(f"anthropic tool result {route}", "21 °C" in after.content[0].text, after)
    with ANTHROPIC.messages.stream(model=route, max_tokens=200, tools=[tool], messages=[user]) as stream:
        final = stream.get_final_message()
    call = next(block for block in final.content if block.type == "tool_use")
    check(f"anthropic streamed tools {route}", call.input == {"city": "Köln"}, final)


def models():
    listed = [model.id for model in OPENAI.models.list()]
    check("openai models", set(ROUTES) < set(listed) and listed == sorted(listed), listed)
    check("openai one model", OPENAI.models.retrieve("openai").id == "openai")
    # More pages than one: the SDK follows them by itself.
    paged = [model.id for model in ANTHROPIC.models.list(limit=2)]
    check("anthropic models", paged == listed, paged)
    check("anthropic one model", ANTHROPIC.models.retrieve("openai").type == "model")
    try:
        OPENAI.models.retrieve("no-such-model")
        check("openai no model", False, "no error")
    except openai.NotFoundError as error:
        check("openai no model", error.code == "model_not_found", error.body)


def asides():
    vectors = OPENAI.embeddings.create(model="openai", input=["one text", "another", "one text"])
    first, other, again = (item.embedding for item in vectors.data)
    check("openai embeddings", first == again != other and abs(sum(x * x for x in first) - 1) < 1e-3, vectors)
    check("openai embeddings usage", vectors.usage.prompt_tokens > 0, vectors.usage)
    turn = {"role": "user", "content": "how long is this?"}
    counted = ANTHROPIC.messages.count_tokens(model="anthropic", messages=[turn])
    check("anthropic count", counted.input_tokens > 4, counted)
    try:
        OPENAI.embeddings.create(model="anthropic", input="one text")
        check("openai no embeddings", False, "no error")
    except openai.BadRequestError as error:
        check("openai no embeddings", error.param == "model", error.body)


def errors():
    try:
        OPENAI.chat.completions.create(model="no-such-model", messages=ask("hi"))
        check("openai error", False, "no error")
    except openai.NotFoundError as error:
        check("openai error", error.code == "model_not_found" and error.param == "model", error.body)
    try:
        ANTHROPIC.messages.create(model="no-such-model", max_tokens=10, messages=[{"role": "user", "content": "hi"}])
        check("anthropic error", False, "no error")
    except anthropic.NotFoundError as error:
        check("anthropic error", error.body["error"]["type"] == "not_found_error", error.body)
    try:
        OPENAI.chat.completions.create(model="openai", messages=[])
        check("openai bad request", False, "no error")
    except openai.BadRequestError as error:
        check("openai bad request", error.param == "messages", error.body)


def breaks_off(route):
    """Content arrives, and then the provider fails: the SDKs raise, and never pass it for a whole answer."""
    text = ""
    try:
        for chunk in OPENAI.chat.completions.create(model=route, messages=ask(SAY), stream=True):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
        check(f"openai breaks off {route}", False, f"no error after {text!r}")
    except openai.APIError as error:
        check(f"openai breaks off {route}", text and text != SAID and SAID.startswith(text), (text, error))

    text = ""
    user = {"role": "user", "content": SAY}
    try:
        with ANTHROPIC.messages.stream(model=route, max_tokens=200, messages=[user]) as stream:
            for piece in stream.text_stream:
                text += piece
        check(f"anthropic breaks off {route}", False, f"no error after {text!r}")
    except anthropic.APIError as error:
        check(f"anthropic breaks off {route}", text and text != SAID and SAID.startswith(text), (text, error))


for route in ROUTES:
    openai_plain(route)
    openai_stream(route)
    openai_tools(route)
    openai_stop(route)
    anthropic_plain(route)
    anthropic_stream(route)
    anthropic_tools(route)
    anthropic_stop(route)
models()
asides()
errors()
for route in ["fragile", "brittle"]:
    openai_stream(route)
    openai_plain(route)
    anthropic_stream(route)
    anthropic_plain(route)
for route in ["late-openai", "late-anthropic", "cut-openai", "cut-anthropic"]:
    breaks_off(route)
print("all passed")
