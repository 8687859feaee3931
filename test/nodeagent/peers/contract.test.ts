import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "../private.ts";
import { createCluster } from "./cluster.ts";
import { contract } from "./contract.ts";
import { fakePlace, kernelPlace } from "./places.ts";

describe("the fake network", () => {
  test.each(contract)("$name", async ({ run }) => {
    const cluster = createCluster(fakePlace());
    await run(cluster).finally(cluster.close);
  });
});

describe("sockets of the kernel on loopback", () => {
  // Other tests may run at the same time.
  const network = `127.${process.pid & 255}.${(process.pid >> 8) & 255}`;

  test.each(contract)("$name", async ({ run }) => {
    const cluster = createCluster(kernelPlace([1, 2, 3, 4].map((host) => `${network}.${host}`)));
    await run(cluster).finally(cluster.close);
  });
});

describe("sockets of the kernel in a network of their own", () => {
  let outcome: Record<string, string>;
  beforeAll(async () => {
    outcome = await runInside("peers/sockets.inside.ts", 60_000);
  });

  test.each(contract)("over IPv6: $name", ({ name }) => {
    expect(outcome[name]).toBe("holds");
  });

  test("an address that is missing at first is bound as soon as it is there", () => {
    expect(outcome.late).toBe("heard");
  });

  test("an address that goes and comes back is used again, and what could not be sent is counted", () => {
    expect(outcome.gone).toMatch(/^(EINVAL|ENETUNREACH|EADDRNOTAVAIL)$/);
    expect(outcome.back).toBe("heard");
  });

  test("without a route, and where a rule forbids it, sending fails without a word but is counted", () => {
    expect(outcome.unreachable).toBe("ENETUNREACH");
    expect(outcome.forbidden).toBe("EPERM");
    expect(outcome.afterwards).toBe("heard");
  });
});
