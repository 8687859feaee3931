import { randomBytes } from "node:crypto";

export function freshKey(): string {
  return randomBytes(16).toString("hex");
}
