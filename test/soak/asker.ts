/**
 * Asks for addresses again and again, as all neighbours together might.
 *
 *     node asker.ts DEVICE_INDEX MAC OWN_IP IP…
 */
import { createFrameSender } from "../../nodeagent/gate/frame-sender.ts";
import { probeFrame } from "../../nodeagent/gate/frames.ts";

const EVERY_MS = 10;
/** Behind the Ethernet header, the kinds and the sender's MAC address (RFC 826). */
const SENDER_IP_AT = 28;
const [index = "", mac = "", ownIP = "", ...ips] = process.argv.slice(2);
const sender = createFrameSender(Number(index), (reason) => console.error(reason));
setInterval(() => sender.send(ips.map(question)), EVERY_MS);

/** From an address: a probe, which has none, would be somebody who wants the address for himself (RFC 5227). */
function question(ip: string): Buffer {
  const frame = probeFrame(mac, ip);
  frame.set(ownIP.split(".").map(Number), SENDER_IP_AT);
  return frame;
}
