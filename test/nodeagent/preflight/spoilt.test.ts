// A node that is spoilt in one way after the other
import { expect, test } from "vitest";
import { runInside } from "../private.ts";

test("what can be provoked in a network namespace is found there, and nothing is changed", async () => {
  expect(await runInside("preflight/spoilt.inside.ts", 30_000)).toEqual({
    fit: [],
    "forwarding off": ["blocks ip-forward"],
    "FORWARD drops": ["blocks forward-passes"],
    "FORWARD drops, replies and pods pass": ["warns forward-passes"],
    "FORWARD drops, everything passes": [],
    "a rule drops by the uplink": ["warns forward-uplink-drops"],
    "a rule clears marks": ["blocks mark-chains"],
    "a foreign table": ["blocks table-names"],
    "a foreign vxlan on our port": ["blocks overlay-port"],
    "a foreign egvx": ["blocks overlay-device"],
    "a strict CNI tunnel": ["blocks rp-filter"],
    "a mark rule": ["blocks mark-rules"],
    "our routing table": ["blocks routing-table"],
    "our preference": ["warns rule-preferences"],
    "INPUT drops": ["blocks input-passes"],
    "INPUT drops, the nodes' ports pass": [],
    "INPUT drops, some sources pass": ["warns input-passes"],
    "Cilium's devices": ["blocks dataplane"],
    "the devices of Calico's eBPF dataplane": ["blocks dataplane"],
  });
}, 30_000);
