// Frames under one address, as "node@milliseconds", and whether two nodes held it
import { describe, expect, test } from "vitest";
import { parseLine } from "./ports.ts";
import { createSenders } from "./senders.ts";

const IP = "192.168.1.100";

function firstWrong(frames: string): string | null {
  const senders = createSenders();
  for (const [, by = "", atMs] of frames.matchAll(/(\w+)@(\d+)/g)) {
    const wrong = senders.take({ ip: IP, by, atMs: Number(atMs) });
    if (wrong !== null) return wrong;
  }
  return null;
}

describe("one holder after the other", () => {
  test.each(["a@0 a@10 b@20 b@30", "a@0 b@20 c@30", "a@0 b@20 b@500 a@700", "a@0 a@10 a@1000"])("%s", (frames) => {
    expect(firstWrong(frames)).toBeNull();
  });

  test("of two addresses two nodes", () => {
    const senders = createSenders();
    const frames = [1, 2, 3, 4].map((atMs) => ({ ip: `${IP}${atMs % 2}`, by: atMs % 2 ? "a" : "b", atMs }));
    expect(frames.map(senders.take)).toEqual([null, null, null, null]);
  });
});

test.each(["a@0 b@1 a@2", "a@0 b@20 b@400 a@410", "a@0 b@10 c@20 b@30"])("two at a time: %s", (frames) => {
  expect(firstWrong(frames)).toMatch(/ both sent under 192\.168\.1\.100/);
});

describe("what tcpdump says of a frame", () => {
  const nodes = new Map([["lan0", "worker1"]]);
  test.each([
    ["1700000000.5 lan0  P   IP 192.168.1.100.43210 > 198.51.100.10.80: Flags [S], length 0", IP],
    ["1700000000.5 lan0  P   IP 192.168.1.100 > 198.51.100.10: ICMP echo request, id 1, seq 1, length 64", IP],
    ["1700000000.5 lan0  P   ARP, Reply 192.168.1.100 is-at 02:00:00:00:00:01, length 28", IP],
    ["1700000000.5 lan0  B   ARP, Request who-has 192.168.1.7 tell 192.168.1.100, length 28", IP],
    ["1700000000.5 lan0  B   ARP, Announcement 192.168.1.100, length 28", IP],
    ["1700000000.5 lan7  P   ARP, Reply 192.168.1.100 is-at 02:00:00:00:00:01, length 28", undefined],
    ["listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes", undefined],
  ])("%s", (line, ip) => {
    expect(parseLine(line, nodes)?.ip).toBe(ip);
  });
});
