// A provider that others wrote: prints where it listens, and stops when its input ends.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0 });
mock.onMessage("plain", { content: "Grüße aus Köln 🌍" });
mock.onMessage("tool", { toolCalls: [{ name: "weather", arguments: '{"city":"Köln"}' }] });
mock.onMessage("limit", { error: { message: "Too fast", type: "rate_limit_error" }, status: 429 });
mock.onEmbedding(/.*/, { embedding: [0.5, -0.5, 0.5, -0.5] });
await mock.start();
console.log(mock.url);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
