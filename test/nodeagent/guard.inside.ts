/**
 * Each rule of the guard table, tripped on purpose, in both families: by what somebody else might do to the rest of our rules,
 * or to packets. Two nodes; worker2 is the gateway.
 */
import { execa } from "execa";
import { FAMILIES, type Family } from "../../nodeagent/addresses.ts";
import { setName, WORDS } from "../../nodeagent/skeleton/words.ts";
import { addPod, buildNetwork, seenFrom, sh, startWitness } from "./network.ts";
import { PLAN, podHost } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass } from "./states.ts";
import { startMirror, transfers } from "./transfers.ts";

const ID: Readonly<Record<Family, number>> = { 4: 1, 6: 2 };
const SOURCE = 1;
const GATEWAY = 2;
const podOn = (worker: 1 | 2, family: Family) => PLAN[family].pod(worker, 5);
const host = (worker: 1 | 2) => `worker${worker}`;

async function converge(worker: 1 | 2): Promise<void> {
  const [ip, ip6] = [podOn(worker, 4), podOn(worker, 6)];
  const held = FAMILIES.map((family) => ({ ip: PLAN[family].inNodeSubnet(100), id: ID[family] }));
  const state = nodeState(
    worker,
    {
      classes: [podClass("web", [PLAN[4].outside, ID[4]], [PLAN[6].outside, ID[6]])],
      gateways: FAMILIES.map((family) => gateway(ID[family], GATEWAY)),
      held: worker === GATEWAY ? held : [],
      pods: [pod(ip, "web", ip6)],
    },
    [4, 6],
  );
  const input = JSON.stringify({ state, attachments: [ip, ip6].map(attachment), interfaceName: null });
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  await execa("nsenter", [`--net=/run/netns/${host(worker)}`, process.execPath, script, input]);
}

type Counter = "not_in_tunnel" | "not_snated";

async function counted(worker: 1 | 2, counter: Counter): Promise<number> {
  return Number(/packets (\d+)/.exec(await sh(host(worker), `nft list counter inet sallyport_guard ${counter}`))?.[1]);
}

interface Trap {
  readonly on: 1 | 2;
  readonly counter: Counter;
  readonly breaks: (family: Family) => string;
  /** What must not come about, or must; `held` and false: it did not. */
  readonly attempt: (family: Family, expectHeld: boolean) => Promise<string | boolean>;
  readonly expectHeld: boolean;
}

/** Both families are broken together, since healing takes long. */
async function spring({ on, counter, breaks, attempt, expectHeld }: Trap) {
  await sh(host(on), FAMILIES.map(breaks).join("\n"));
  const outcome: Record<string, object> = {};
  for (const family of FAMILIES) {
    const before = await counted(on, counter);
    let came = await attempt(family, expectHeld);
    const isCounted = async () => (await counted(on, counter)) > before;
    // On a busy machine its first packet may be lost before it comes to the guard; none may come through.
    for (
      let again = 0;
      expectHeld && again < 3 && (came === "held" || came === false) && !(await isCounted());
      again += 1
    ) {
      came = await attempt(family, expectHeld);
    }
    outcome[`IPv${family}`] = { came, counts: await isCounted() };
  }
  await sh(
    host(on),
    `nft delete table inet foreign 2>/dev/null || true
     ip -4 rule delete preference 950 2>/dev/null || true; ip -6 rule delete preference 950 2>/dev/null || true`,
  );
  await converge(on);
  return outcome;
}

const foreign = (hook: string, rule: string) =>
  `nft 'add table inet foreign; add chain inet foreign trap { ${hook}; }; add rule inet foreign trap ${rule}'`;
const withoutReplies = (chain: string) => (family: Family) =>
  family === 6
    ? ""
    : `handle=$(nft -a list chain inet sallyport_guard ${chain} | sed -n 's/.*direction reply.*handle //p')
   nft delete rule inet sallyport_guard ${chain} handle $handle`;
const fromSource = (family: Family, expectHeld: boolean) => seenFrom(podOn(SOURCE, family), expectHeld);
const fromGateway = (family: Family, expectHeld: boolean) => seenFrom(podOn(GATEWAY, family), expectHeld);
const betweenPods = (family: Family) => transfers(podOn(SOURCE, family), podOn(GATEWAY, family));
const unmapped = (family: Family) =>
  `nft delete element inet sallyport ${setName("floating_of_id", family)} '{ ${ID[family]} }'`;
const snatOfSomebodyElse = (family: Family) => {
  const { ip } = WORDS[family];
  return foreign(
    "type nat hook postrouting priority 80",
    `${ip} saddr ${PLAN[family].podCIDR} ${ip} daddr ${PLAN[family].outside} snat ${ip} to ${PLAN[family].inNodeSubnet(GATEWAY)}`,
  );
};
const markReplies = (bit: string) =>
  foreign("type filter hook forward priority -140", `ct direction reply meta mark set meta mark | ${bit}`);
const tunnelReplies = (family: Family) => (family === 4 ? markReplies("0x10000") : "");
const snatReplies = (family: Family) => (family === 4 ? markReplies("0x20000") : "");

const held = { expectHeld: true } as const;
const passes = { expectHeld: false } as const;
const notSnated = { on: GATEWAY, counter: "not_snated" } as const;
const notInTunnel = { on: SOURCE, counter: "not_in_tunnel" } as const;
const traps: Readonly<Record<string, Trap>> = {
  "the routing rule is gone": {
    ...{ ...notInTunnel, ...held, attempt: fromSource },
    breaks: (family) => `ip -${family} rule delete preference 1000`,
  },
  "somebody routes the mark elsewhere": {
    ...{ ...notInTunnel, ...held, attempt: fromSource },
    breaks: (family) => `ip -${family} rule add preference 950 fwmark 0x10000/0x10000 table main`,
  },
  "an id has no address, pod of the gateway node": { ...notSnated, ...held, attempt: fromGateway, breaks: unmapped },
  "an id has no address, pod behind the tunnel": { ...notSnated, ...held, attempt: fromSource, breaks: unmapped },
  "somebody else translates first, pod of the gateway node": {
    ...{ ...notSnated, ...held, attempt: fromGateway, breaks: snatOfSomebodyElse },
  },
  "somebody else translates first, pod behind the tunnel": {
    ...{ ...notSnated, ...held, attempt: fromSource, breaks: snatOfSomebodyElse },
  },
  "somebody marks replies from outside": { ...notInTunnel, ...passes, attempt: fromSource, breaks: tunnelReplies },
  "the same, and the rule for replies is gone": {
    ...{ ...notInTunnel, ...held, attempt: fromSource },
    breaks: (family) => `${tunnelReplies(family)}\n${withoutReplies("forward")(family)}`,
  },
  "somebody marks replies between pods": { ...notSnated, ...passes, attempt: betweenPods, breaks: snatReplies },
  "the same, and the rule for those replies is gone": {
    ...{ ...notSnated, ...held, attempt: betweenPods },
    breaks: (family) => `${snatReplies(family)}\n${withoutReplies("late")(family)}`,
  },
};

await buildNetwork([4, 6]);
for (const worker of [SOURCE, GATEWAY] as const) await addPod(podOn(worker, 4), podOn(worker, 6));
await startWitness();
await startMirror(podHost(podOn(GATEWAY, 4)));
for (const worker of [GATEWAY, SOURCE] as const) await converge(worker);

const sprung: Record<string, object> = {};
for (const [name, trap] of Object.entries(traps)) sprung[name] = await spring(trap);
const afterwards = [];
for (const family of FAMILIES) afterwards.push(await fromSource(family, false), await fromGateway(family, false));
console.log(JSON.stringify({ sprung, afterwards }));
process.exit(0);
