// Drives the gateway with the official Node SDKs.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { ApiError, GoogleGenAI } from "@google/genai";
import { Output, generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const BASE = process.argv[2];
// A route to each provider, named after its dialect.
const ROUTES = process.argv.slice(3);
const SAID = "Grüße aus Köln 🌍";
const SAY = `say:"${SAID}"`;
const CALL = 'tool:weather {"city": "Köln"}';
const CALLS = 'tool:weather {"city": "Köln"} tool:time {"zone": "CET"}';
const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const ZONE = { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] };
// One pixel.
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const openai = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: "any", maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: BASE, apiKey: "any", maxRetries: 0 });
const google = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: BASE } });

function check(name, holds, detail = "") {
  if (!holds) {
    console.error(`FAILED ${name}:`, detail);
    process.exit(1);
  }
  console.log(`ok ${name}`);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const ask = (content) => [{ role: "system", content: "Be brief." }, { role: "user", content }];

async function openaiSdk(model) {
  const name = (what) => `openai ${what} ${model}`;
  const plain = await openai.chat.completions.create({ model, messages: ask(SAY) });
  check(name("plain"), plain.choices[0].message.content === SAID && plain.choices[0].finish_reason === "stop", plain);
  check(name("usage"), plain.usage.total_tokens === plain.usage.prompt_tokens + plain.usage.completion_tokens, plain.usage);

  const stream = openai.chat.completions.stream({ model, messages: ask(SAY), stream_options: { include_usage: true } });
  let text = "";
  stream.on("content", (delta) => (text += delta));
  const final = await stream.finalChatCompletion();
  check(name("stream"), text === SAID && final.choices[0].message.content === SAID && final.usage.completion_tokens > 0, final);

  const tools = [
    { type: "function", function: { name: "weather", parameters: SCHEMA } },
    { type: "function", function: { name: "time", parameters: ZONE } },
  ];
  const wanted = [["weather", { city: "Köln" }], ["time", { zone: "CET" }]];
  const called = (message) => message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  const calls = await openai.chat.completions.create({ model, messages: ask(CALLS), tools });
  check(name("parallel tools"), same(called(calls.choices[0].message), wanted), calls.choices[0]);
  const streamed = await openai.chat.completions.stream({ model, messages: ask(CALLS), tools }).finalChatCompletion();
  check(name("streamed parallel tools"), same(called(streamed.choices[0].message), wanted), streamed.choices[0]);
  const ran = [];
  const runner = openai.chat.completions.runTools({
    model,
    messages: ask(CALL),
    tools: [{ type: "function", function: { name: "weather", parameters: SCHEMA, parse: JSON.parse, function: ({ city }) => (ran.push(city), "sunny, 21 °C") } }],
  });
  const told = await runner.finalContent();
  check(name("tool loop"), same(ran, ["Köln"]) && told.includes("21 °C"), told);

  const format = zodResponseFormat(z.object({ city: z.string() }), "place");
  const shaped = await openai.chat.completions.parse({ model, messages: ask(`say:${JSON.stringify('{"city":"Köln"}')}`), response_format: format });
  check(name("structured"), same(shaped.choices[0].message.parsed, { city: "Köln" }), shaped.choices[0]);

  const parts = [{ type: "text", text: SAY }, { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } }];
  const seen = await openai.chat.completions.create({ model, messages: ask(parts) });
  check(name("image"), seen.choices[0].message.content === SAID && seen.usage.prompt_tokens > plain.usage.prompt_tokens + 100, seen);

  const left = await openai.chat.completions.create({ model: `slow-${model}`, messages: ask("a long story"), stream: true });
  for await (const chunk of left) {
    if (chunk.choices[0]?.delta.content) break;
  }
  check(name("cancel"), left.controller.signal.aborted);
}

async function anthropicSdk(model) {
  const name = (what) => `anthropic ${what} ${model}`;
  const base = { model, max_tokens: 300, system: "Be brief." };
  const user = (content) => [{ role: "user", content }];
  const plain = await anthropic.messages.create({ ...base, messages: user(SAY) });
  check(name("plain"), plain.content[0].text === SAID && plain.stop_reason === "end_turn" && plain.usage.output_tokens > 0, plain);

  const stream = anthropic.messages.stream({ ...base, messages: user(SAY) });
  let text = "";
  stream.on("text", (delta) => (text += delta));
  const final = await stream.finalMessage();
  check(name("stream"), text === SAID && final.content[0].text === SAID && final.usage.input_tokens > 0, final);

  const tools = [{ name: "weather", input_schema: SCHEMA }, { name: "time", input_schema: ZONE }];
  const wanted = [["weather", { city: "Köln" }], ["time", { zone: "CET" }]];
  const called = (message) => message.content.filter((block) => block.type === "tool_use").map((block) => [block.name, block.input]);
  const calls = await anthropic.messages.create({ ...base, tools, messages: user(CALLS) });
  check(name("parallel tools"), same(called(calls), wanted) && calls.stop_reason === "tool_use", calls);
  const streamed = await anthropic.messages.stream({ ...base, tools, messages: user(CALLS) }).finalMessage();
  check(name("streamed parallel tools"), same(called(streamed), wanted), streamed);
  const results = calls.content.filter((block) => block.type === "tool_use").map((block) => ({ type: "tool_result", tool_use_id: block.id, content: "21 °C" }));
  const turns = [...user(CALLS), { role: "assistant", content: calls.content }, { role: "user", content: results }];
  const after = await anthropic.messages.create({ ...base, tools, messages: turns });
  check(name("tool results"), after.content[0].text.includes("21 °C"), after);

  const source = { type: "base64", media_type: "image/png", data: PNG };
  const seen = await anthropic.messages.create({ ...base, messages: user([{ type: "image", source }, { type: "text", text: SAY }]) });
  check(name("image"), seen.content[0].text === SAID, seen);

  const left = await anthropic.messages.create({ ...base, model: `slow-${model}`, messages: user("a long story"), stream: true });
  for await (const event of left) {
    if (event.type === "content_block_delta") break;
  }
  check(name("cancel"), left.controller.signal.aborted);
}

async function googleSdk(model) {
  const name = (what) => `google ${what} ${model}`;
  const config = { systemInstruction: "Be brief." };
  const heard = async (contents, config) => {
    let text = "";
    const calls = [];
    for await (const chunk of await google.models.generateContentStream({ model, contents, config })) {
      text += chunk.text ?? "";
      calls.push(...(chunk.functionCalls ?? []));
    }
    return { text, calls };
  };
  const plain = await google.models.generateContent({ model, contents: SAY, config });
  check(name("plain"), plain.text === SAID && plain.candidates[0].finishReason === "STOP" && plain.usageMetadata.candidatesTokenCount > 0, plain);
  const streamed = await heard(SAY, config);
  check(name("stream"), streamed.text === SAID, streamed);

  const functionDeclarations = [{ name: "weather", parametersJsonSchema: SCHEMA }, { name: "time", parametersJsonSchema: ZONE }];
  const offering = { ...config, tools: [{ functionDeclarations }] };
  const wanted = [["weather", { city: "Köln" }], ["time", { zone: "CET" }]];
  const called = (calls) => calls.map((call) => [call.name, call.args]);
  const answer = await google.models.generateContent({ model, contents: CALLS, config: offering });
  check(name("parallel tools"), same(called(answer.functionCalls), wanted), answer);
  const pieces = await heard(CALLS, offering);
  check(name("streamed parallel tools"), same(called(pieces.calls), wanted), pieces);
  const results = answer.functionCalls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: "21 °C" } } }));
  const turns = [{ role: "user", parts: [{ text: CALLS }] }, answer.candidates[0].content, { role: "user", parts: results }];
  const after = await google.models.generateContent({ model, contents: turns, config: offering });
  check(name("tool results"), after.text.includes("21 °C"), after);

  const shape = { responseMimeType: "application/json", responseJsonSchema: SCHEMA };
  const shaped = await google.models.generateContent({ model, contents: "Where?", config: shape });
  check(name("structured"), typeof JSON.parse(shaped.text).city === "string", shaped);
  const seen = await google.models.generateContent({ model, contents: [{ inlineData: { mimeType: "image/png", data: PNG } }, SAY] });
  check(name("image"), seen.text === SAID, seen);

  const leaving = new AbortController();
  const left = await google.models.generateContentStream({ model: `slow-${model}`, contents: "a long story", config: { abortSignal: leaving.signal } });
  const broken = (async () => {
    for await (const chunk of left) if (chunk.text) leaving.abort();
  })();
  check(name("cancel"), await broken.then(() => leaving.signal.aborted, () => leaving.signal.aborted));
}

async function aiSdk(model) {
  for (const [dialect, llm] of [
    ["openai", createOpenAI({ baseURL: `${BASE}/v1`, apiKey: "any" }).chat(model)],
    ["anthropic", createAnthropic({ baseURL: `${BASE}/v1`, apiKey: "any" })(model)],
  ]) {
    const name = (what) => `ai-sdk ${dialect} ${what} ${model}`;
    const base = { model: llm, maxRetries: 0, maxOutputTokens: 300 };
    const plain = await generateText({ ...base, prompt: SAY });
    check(name("plain"), plain.text === SAID && plain.finishReason === "stop" && plain.usage.outputTokens > 0, plain);
    let text = "";
    const stream = streamText({ ...base, prompt: SAY });
    for await (const delta of stream.textStream) text += delta;
    check(name("stream"), text === SAID && (await stream.usage).outputTokens > 0, text);
    const ran = [];
    const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => (ran.push(city), "sunny, 21 °C") });
    const looped = await generateText({ ...base, prompt: CALL, tools: { weather }, stopWhen: stepCountIs(2) });
    check(name("tool loop"), same(ran, ["Köln"]) && looped.text.includes("21 °C"), looped.text);
    const streamed = streamText({ ...base, prompt: CALL, tools: { weather }, stopWhen: stepCountIs(2) });
    check(name("streamed tool loop"), (await streamed.text).includes("21 °C") && ran.length === 2, ran);
    // Of a model it does not know, the Anthropic provider asks by a tool named "json".
    const place = dialect === "anthropic" ? 'tool:json {"city": "Köln"}' : `say:${JSON.stringify('{"city":"Köln"}')}`;
    const output = Output.object({ schema: z.object({ city: z.string() }) });
    const shaped = await generateText({ ...base, prompt: place, output }).catch((error) => error);
    // It demands that tool, and Ollama knows no demands: a refusal says so.
    const refuses = dialect === "anthropic" && model === "ollama";
    const holds = refuses ? shaped.statusCode === 400 && shaped.message.includes("/tool_choice") : same(shaped.output, { city: "Köln" });
    check(name("structured"), holds, shaped);
    const refused = await generateText({ ...base, model: createOpenAI({ baseURL: `${BASE}/v1`, apiKey: "any" }).chat("no-such-model"), prompt: "hi" }).catch((error) => error);
    check(name("error"), refused.statusCode === 404, refused);
  }
}

async function others() {
  const listed = (await openai.models.list()).data.map((model) => model.id);
  check("openai models", ROUTES.every((route) => listed.includes(route)), listed);
  const paged = [];
  for await (const model of anthropic.models.list({ limit: 1 })) paged.push(model.id);
  check("anthropic models", same(paged, listed), paged);
  const vectors = await openai.embeddings.create({ model: "openai-chat", input: ["a", "b"] });
  check("openai embeddings", vectors.data.length === 2 && vectors.data[0].embedding.length === 16, vectors);
  const counted = await anthropic.messages.countTokens({ model: "anthropic", messages: [{ role: "user", content: "hi" }] });
  check("anthropic count", counted.input_tokens > 0, counted);
  const missing = await openai.chat.completions.create({ model: "no-such-model", messages: ask("hi") }).catch((error) => error);
  check("openai error", missing instanceof OpenAI.NotFoundError && missing.code === "model_not_found" && missing.param === "model", missing);
  const none = await google.models.generateContent({ model: "no-such-model", contents: "hi" }).catch((error) => error);
  check("google error", none instanceof ApiError && none.status === 404, none);
  const wrong = await anthropic.messages.create({ model: "anthropic", max_tokens: 9, messages: [] }).catch((error) => error);
  check("anthropic error", wrong instanceof Anthropic.BadRequestError && wrong.error.error.type === "invalid_request_error", wrong);
}

for (const route of ROUTES) {
  await openaiSdk(route);
  await anthropicSdk(route);
  await googleSdk(route);
  await aiSdk(route);
}
await others();
console.log("all passed");
