// What a source node hands to a gateway that takes over an address, and what the gateway makes of it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGiver } from "../../../nodeagent/flows/giver.ts";
import { FLOWS_MAX, type FlowRecord, type HandedFlows } from "../../../nodeagent/flows/messages.ts";
import { connectionsOf, movedAway, recordsOf } from "../../../nodeagent/flows/records.ts";
import { parseFlowsMessage } from "../../../nodeagent/flows/validate.ts";
import type { Flow } from "../../../nodeagent/kernel/flows.ts";
import { overlaySource } from "../../../nodeagent/overlay-source.ts";
import { gateway, nodeState } from "../states.ts";

const SERVER = "198.51.100.10";
const FLOATING = "192.168.1.100";
const block = (firstPort: number) => ({ firstPort, ports: 1024 });
const [OF_WORKER1, OF_WORKER2] = [block(20_480), block(21_504)];

const record = (port: number): FlowRecord => [6, port, SERVER, 443, "ESTABLISHED", 300];
const records = (count: number) => Array.from({ length: count }, (_, index) => record(20_480 + index));

const flow = (parts: Partial<Flow> = {}): Flow => ({
  ...{
    protocol: 6,
    source: "10.10.1.5",
    destination: "10.96.0.7",
    sourcePort: 40_000,
    destinationPort: 80,
    icmp: null,
  },
  ...{ server: SERVER, serverPort: 443, seenAs: "169.254.77.80", seenAsPort: 20_480, timeoutS: 300 },
  ...{ tcpState: "ESTABLISHED", answered: true, zoned: false, mark: 1 },
  ...parts,
});

describe("of a source node's connections", () => {
  const state = nodeState(1, { portBlock: OF_WORKER1 });
  test.each<[string, Partial<Flow>, FlowRecord | undefined]>([
    ["an established one is handed over, to where it really goes", {}, record(20_480)],
    [
      "one in which only the server still speaks too",
      { tcpState: "FIN_WAIT" },
      [6, 20_480, SERVER, 443, "FIN_WAIT", 300],
    ],
    ["datagrams that were answered too", { protocol: 17, tcpState: null }, [17, 20_480, SERVER, 443, null, 300]],
    ["datagrams that were not answered are not", { protocol: 17, tcpState: null, answered: false }, undefined],
    ["one that is not established yet is not", { tcpState: "SYN_SENT" }, undefined],
    ["one that is over is not", { tcpState: "TIME_WAIT" }, undefined],
    ["echoes are not: the next one makes itself known", { protocol: 1, tcpState: null }, undefined],
    ["one that was translated here, as a gateway's own, is not", { seenAs: FLOATING }, undefined],
  ])("%s", (_, parts, expected) => {
    expect(recordsOf([flow(parts)], state)).toEqual(expected === undefined ? [] : [expected]);
  });

  test("those of ids that another node holds now are handed over", () => {
    const before = nodeState(1, { gateways: [gateway(1, 2), gateway(2, 2), gateway(3, 1)] });
    const after = nodeState(1, {
      gateways: [gateway(1, 1), gateway(2, 2), gateway(3, 2), gateway(4, 2)],
    });
    expect(movedAway(before, after)).toEqual([{ id: 3, to: "worker2" }]);
  });
});

describe("a gateway", () => {
  const source = { node: "worker1", underlayIP: "192.168.1.1", mac: "02:e9:00:00:00:01", block: OF_WORKER1 };
  const state = nodeState(2, { held: [{ ip: FLOATING, id: 7 }], portBlock: OF_WORKER2, sourceNodes: [source] });
  const handed = (flows: readonly FlowRecord[], id = 7): HandedFlows => ({ type: "flows", id, batch: 1, flows });

  test("knows them as its table has them", () => {
    expect(connectionsOf(state, "worker1", handed([record(20_481)]))).toEqual([
      {
        ...{ protocol: 6, source: overlaySource(OF_WORKER1, 4), server: SERVER, port: 20_481, serverPort: 443 },
        ...{ floatingIP: FLOATING, zone: 7, mark: 7, tcpState: "ESTABLISHED", timeoutS: 300 },
      },
    ]);
  });

  test.each<[string, string, HandedFlows, readonly [] | null]>([
    ["takes nothing for an address it does not hold (yet)", "worker1", handed([record(20_480)], 8), null],
    ["takes nothing of a node whose ports it does not know (yet)", "worker3", handed([record(20_480)]), null],
    ["takes no connection from another node's ports", "worker1", handed([record(21_504)]), []],
    [
      "takes no connection to a server of the other family",
      "worker1",
      handed([[6, 20_480, "2001:db8::1", 443, "ESTABLISHED", 9]]),
      [],
    ],
  ])("%s", (_, sender, message, expected) => {
    expect(connectionsOf(state, sender, message)).toEqual(expected);
  });

  test("is told all of them, whatever is lost, and nothing else", () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 * FLOWS_MAX }), fc.infiniteStream(fc.boolean()), (count, losses) => {
        const giver = createGiver();
        const taken = new Map<number, readonly FlowRecord[]>();
        giver.give("worker2", 7, records(count), 0);
        for (let now = 0; giver.wakeAt() < 25_000; now = Math.max(now, giver.wakeAt())) {
          for (const { to, message } of giver.wake(now)) {
            if (losses.next().value) continue;
            taken.set(message.batch, message.flows);
            if (!losses.next().value) giver.answered(to, { type: "flows-answer", batch: message.batch });
          }
        }
        if (giver.wakeAt() !== Number.POSITIVE_INFINITY) return;
        expect([...taken].toSorted(([a], [b]) => a - b).flatMap(([, flows]) => flows)).toEqual(records(count));
      }),
      { numRuns: 30 },
    );
  });

  test("that does not answer is left alone after a while; another one's answer is none", () => {
    const giver = createGiver();
    giver.give("worker2", 7, records(1), 0);
    giver.wake(0);
    giver.answered("worker3", { type: "flows-answer", batch: 1 });
    expect(giver.wake(100)).toHaveLength(1);
    expect(giver.wake(30_000)).toEqual([]);
    expect(giver.wakeAt()).toBe(Number.POSITIVE_INFINITY);
  });

  test("that lost the address again is told nothing more", () => {
    const giver = createGiver();
    giver.give("worker2", 7, records(3), 0);
    giver.give("worker3", 7, records(2), 1);
    expect(giver.wake(1).map(({ to, message }) => [to, message.flows.length])).toEqual([["worker3", 2]]);
  });
});

describe("at the door", () => {
  const good = { type: "flows", id: 7, batch: 1, flows: [[17, 20_480, SERVER, 53, null, 30]] };
  test.each<[string, unknown, boolean]>([
    ["a batch", good, true],
    ["an answer", { type: "flows-answer", batch: 3 }, true],
    ["another protocol", { ...good, flows: [[132, 20_480, SERVER, 53, null, 30]] }, false],
    ["datagrams with a state of TCP", { ...good, flows: [[17, 20_480, SERVER, 53, "ESTABLISHED", 30]] }, false],
    ["TCP without a state", { ...good, flows: [[6, 20_480, SERVER, 53, null, 30]] }, false],
    ["a state that no connection is in", { ...good, flows: [[6, 20_480, SERVER, 53, "toString", 30]] }, false],
    ["a server that is none", { ...good, flows: [[17, 20_480, "198.51.100.010", 53, null, 30]] }, false],
    ["port 0", { ...good, flows: [[17, 0, SERVER, 53, null, 30]] }, false],
    ["a time without end", { ...good, flows: [[17, 20_480, SERVER, 53, null, 1e9]] }, false],
    ["too many", { ...good, flows: new Array(FLOWS_MAX + 1).fill(good.flows[0]) }, false],
    ["an id that no address has", { ...good, id: 16_384 }, false],
    ["something else", { type: "moved", upTo: 1, held: [] }, false],
  ])("%s", (_, message, isTaken) => {
    expect(parseFlowsMessage(message)).toEqual(isTaken ? message : null);
  });
});
