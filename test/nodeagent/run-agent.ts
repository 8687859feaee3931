/** The agent as a process of its own; options are JSON, as argument. */
import { type AgentOptions, runAgent } from "../../nodeagent/main.ts";

const terminated = new AbortController();
process.once("SIGTERM", () => terminated.abort());
await runAgent(JSON.parse(process.argv[2] ?? "") as AgentOptions, terminated.signal);
