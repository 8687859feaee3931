import { randomUUID } from "node:crypto";
import { firstOutcome, Lab } from "./lab.ts";

/** A lab of its own for one test, of three nodes unless said, with the first commit applied. */
export async function startLab(manifests: string, options: { ipv6?: boolean; nodes?: number } = {}): Promise<Lab> {
  const lab = await Lab.start(`test-${randomUUID()}`, { nodes: 3, manifests, ...options }, () => {});
  try {
    const { outcome } = await firstOutcome(lab);
    if (outcome !== "applied") throw new Error(`the first commit is ${outcome}`);
    return lab;
  } catch (error) {
    await lab.down();
    throw error;
  }
}
