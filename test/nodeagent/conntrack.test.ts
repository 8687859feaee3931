// 1,000 connections of a pod, two kinds of datagrams and an echo, in each family.
import { expect, test } from "vitest";
import { runInside } from "./private.ts";

const ADDRESSES = {
  IPv4: ["10.10.1.5", "198.51.100.10"],
  IPv6: ["fd00:10:1::5", "2001:db8:100::10"],
} as const;

test("connections are listed, marked and deleted one by one, and no others", async () => {
  const outcome = await runInside<Record<string, unknown>>("conntrack.inside.ts");
  for (const [family, [pod, server]] of Object.entries(ADDRESSES)) {
    expect(outcome[family]).toMatchObject({
      first: {
        ...{ protocol: 6, source: pod, destination: server, server, seenAs: pod },
        ...{ destinationPort: 443, serverPort: 443, tcpState: "ESTABLISHED", answered: false, mark: 0x40000001 },
      },
      icmp: [{ type: family === "IPv4" ? 8 : 128, code: 0, id: expect.any(Number) }],
      marked: 999,
      nobody: 0,
    });
    const { marks } = outcome[family] as { readonly marks: readonly string[] };
    expect(marks.toSorted()).toEqual(["1 of 17 1", "1 of 6 40000001", "999 of 6 40010001"]);
  }
  for (const [family, overlay, floating, server] of [
    [4, "169.254.77.80", "192.168.1.100", "198.51.100.10"],
    [6, "fd53:616c:6c79::50", "fd00:192::100", "2001:db8:100::10"],
  ]) {
    // The second time nothing is created, nor is one whose port another connection has under the floating IP.
    expect(outcome[`created${family}`]).toMatchObject({
      ...{ number: 1_000, kept: true, zones: "1000" },
      first: { source: overlay, seenAs: floating, server, serverPort: 443, tcpState: "ESTABLISHED", mark: 7 },
    });
  }
  // In each family a connection that has not ended, and datagrams.
  expect(outcome.forgotten).toBe(4);
});
