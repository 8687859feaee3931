/** What two nodes share without telling anybody: one key for each direction. */
import { createPublicKey, createSecretKey, diffieHellman, hash, hkdfSync, type KeyObject } from "node:crypto";
import type { Peer } from "../../policies/nodestate.ts";

export interface PairKeys {
  readonly sending: KeyObject;
  readonly receiving: KeyObject;
}

interface Own {
  readonly node: string;
  readonly privateKey: KeyObject;
  readonly publicKey: string;
}

const KEY_BYTES = 32;
const PURPOSE = "sallyport peers 1";

/**
 * Names and public keys of both go into each key, the sender's first: what was made for another node, by another node, or
 * by the receiver itself never has the right code.
 *
 * @returns `null` when the peer's public key is none
 */
export function pairKeys(own: Own, peer: Peer): PairKeys | null {
  const shared = sharedSecret(own.privateKey, peer.publicKey);
  if (shared === null) return null;
  const direction = (from: readonly [string, string], to: readonly [string, string]): KeyObject => {
    const info = hash("sha256", JSON.stringify([PURPOSE, ...from, ...to]), "buffer");
    return createSecretKey(new Uint8Array(hkdfSync("sha256", shared, "", info, KEY_BYTES)));
  };
  const mine = [own.node, own.publicKey] as const;
  const theirs = [peer.node, peer.publicKey] as const;
  return { sending: direction(mine, theirs), receiving: direction(theirs, mine) };
}

/** Points of low order, with which anybody would know the secret, are refused by OpenSSL (RFC 7748, section 6.1). */
function sharedSecret(privateKey: KeyObject, publicKey: string): Buffer | null {
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "X25519", x: publicKey }, format: "jwk" });
    return diffieHellman({ privateKey, publicKey: key });
  } catch {
    return null;
  }
}
