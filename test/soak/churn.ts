/** The next thing somebody declares. Pure. */
import type { Random } from "../sim/random.ts";
import { type Declaration, FLOATING_IPS } from "./manifests.ts";

const CHURNED = ["green", "blue"] as const;
/** The first is the probed class's, the last the bystander's. */
const CHURNED_IPS = FLOATING_IPS.slice(1, -1);

/** Never the same as the one before. */
export function nextDeclaration(declaration: Declaration, random: Random): Declaration {
  const { addresses, bystander, split } = declaration;
  const what = random.pick(["move", "move", "gone", "bystander", "split"] as const);
  if (what === "bystander") return { ...declaration, bystander: !bystander };
  if (what === "split") return { ...declaration, split: !split };
  const podClass = random.pick(CHURNED);
  const { [podClass]: own, ...others } = addresses;
  if (what === "gone" && own !== undefined) return { ...declaration, addresses: others };
  const taken: readonly unknown[] = Object.values(addresses);
  const free = CHURNED_IPS.filter((ip) => !taken.includes(ip));
  return { ...declaration, addresses: { ...others, [podClass]: random.pick(free) } };
}
