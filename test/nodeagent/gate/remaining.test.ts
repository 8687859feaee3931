import { expect, test } from "vitest";
import { parseExpiry } from "../../../nodeagent/gate/remaining.ts";

const listing = (elements: string) => `table netdev sallyport_lease {
	set lease {
		typeof meta mark
		size 8
		flags dynamic,timeout
		timeout 448ms
		${elements}
	}
}`;

test.each([
  { elements: "", leaseMs: null },
  { elements: "elements = { 0x00000000 expires 432ms }", leaseMs: 432 },
  { elements: "elements = { 0x00000000 timeout 1m expires 59s988ms }", leaseMs: 59_988 },
  { elements: "elements = { 0x00000000 timeout 1h expires 1h2s }", leaseMs: 3_602_000 },
])("what remains of a lease: $elements", ({ elements, leaseMs }) => {
  expect(parseExpiry(listing(elements))).toBe(leaseMs);
});

test("a time that is not understood is not guessed", () => {
  expect(() => parseExpiry(listing("elements = { 0x00000000 expires 3fortnights }"))).toThrow("3fortnights");
});
