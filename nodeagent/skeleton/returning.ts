/**
 * A stateless gateway's way back. What servers send to a floating IP goes to the node whose ports it is addressed to, as it
 * is, through the overlay: before the IP stack, to which the address is its own. What is addressed to this node's ports
 * goes up the stack, and so does what belongs to nobody, to be dropped there.
 *
 * Ports are looked up in groups of 256, the smallest block: a larger one has several elements.
 */
import { FAMILIES, type Family } from "../addresses.ts";
import type { ChainDeclaration, RuleDeclaration, SetDeclaration } from "../kernel/nft/declaration.ts";
import {
  firstFragment,
  fragmentChain,
  fragmentSets,
  laterFragment,
  rememberFragments,
  rememberOwn,
} from "./fragments.ts";
import { ERRORS, quotedRules } from "./quoted.ts";
import { overlay, PORT_GROUP, PORT_PROTOCOLS, setName, WORDS } from "./words.ts";

/** After the gate (gate/table.ts), before everybody else. */
const RETURNING_PRIORITY = -290;

/** nft looks the device up when the rule is made: one that replaces it needs the rule anew. */
const PASS = `fwd to ${overlay}`;

export const returningSets: readonly SetDeclaration[] = [
  ...FAMILIES.map((family) => ({ name: setName("floating", family), key: `${WORDS[family].ip} daddr` })),
  { name: "node_of_port", key: "th dport", value: "ether daddr" },
  // The same once more: no type of nft 1.0.6 serves ports in headers and in what ICMP quotes.
  { name: "node_of_number", key: "@th,224,16", value: "ether daddr" },
  ...FAMILIES.flatMap(fragmentSets),
];

/** @param devices that floating IPs are on */
export function returningChains(devices: readonly string[]): readonly ChainDeclaration[] {
  return [
    ...FAMILIES.flatMap((family) => [
      passChain(family),
      fragmentChain(family, PASS),
      { name: setName("quoted", family), rules: quotedRules(family, `goto ${setName("pass", family)}`) },
      returningChain(family),
      ownErrorChain(family),
    ]),
    ...devices.map((device, index) => arrivingChain(device, index)),
    ownErrorsChain,
  ];
}

function passChain(family: Family): ChainDeclaration {
  return {
    name: setName("pass", family),
    rules: [...rememberFragments(family), { text: PASS, comment: "to the pod's node" }],
  };
}

function returningChain(family: Family): ChainDeclaration {
  const { icmp } = WORDS[family];
  const pass = `goto ${setName("pass", family)}`;
  return {
    name: setName("returning", family),
    rules: [
      { text: "meta mark set 0", comment: "it would travel in the header" },
      { text: `${laterFragment(family)} goto ${setName("fragment", family)}`, comment: "without ports" },
      ...PORT_PROTOCOLS.map((protocol) => ({
        text: `meta l4proto ${protocol} ether daddr set th dport & ${PORT_GROUP} map @node_of_port ${pass}`,
        comment: `the node that has the port: ${protocol}`,
      })),
      {
        text: `${icmp} type echo-reply ether daddr set ${icmp} id & ${PORT_GROUP} map @node_of_number ${pass}`,
        comment: "the node that has the number: echo",
      },
      ...ERRORS[family].map((type) => ({
        text: `${icmp} type ${type} goto ${setName("quoted", family)}`,
        comment: `by what it quotes: ${type}`,
      })),
      {
        text: `${firstFragment(family)} ${rememberOwn(family)}`,
        comment: "up the stack, and the rest of it too",
      },
    ],
  };
}

function arrivingChain(device: string, index: number): ChainDeclaration {
  return {
    name: index === 0 ? "arriving" : `arriving_${index}`,
    hook: { type: "filter", hook: "ingress", priority: RETURNING_PRIORITY, device },
    rules: FAMILIES.map((family) => ({
      text: `${WORDS[family].ip} daddr @${setName("floating", family)} goto ${setName("returning", family)}`,
      comment: `to a floating IP held here: IPv${family}`,
    })),
  };
}

/** Which this node's own kernel sends about what it cannot pass on: to the floating IP, so they come back to itself. */
const ownErrorsChain: ChainDeclaration = {
  name: "own_errors",
  hook: { type: "filter", hook: "ingress", priority: RETURNING_PRIORITY, device: "lo" },
  rules: FAMILIES.flatMap((family) => {
    const { ip, icmp } = WORDS[family];
    return ERRORS[family].map((type) => ({
      text: `${ip} daddr @${setName("floating", family)} ${icmp} type ${type} meta mark set 0 ${PASS}`,
      comment: `about what is passed on, to the pod's node: IPv${family} ${type}`,
    }));
  }),
};

/** Addressed where they leave: on the loopback device nft 1.0.6 does not see a frame. */
export const addressOwnErrors: readonly RuleDeclaration[] = FAMILIES.map((family) => ({
  text: `${WORDS[family].ip} daddr @${setName("floating", family)} goto ${setName("own_error", family)}`,
  comment: `on the way back: IPv${family}`,
}));

function ownErrorChain(family: Family): ChainDeclaration {
  const { icmp } = WORDS[family];
  const protocol = family === 4 ? "icmp" : "ipv6-icmp";
  return {
    name: setName("own_error", family),
    rules: [
      { text: `meta l4proto != ${protocol} return`, comment: "addressed already" },
      { text: `${icmp} type echo-reply return`, comment: "addressed already: echo" },
      ...quotedRules(family, "return"),
    ],
  };
}
