/**
 * Asks for addresses again and again, as all neighbours together might.
 *
 *     node asker.ts DEVICE_INDEX MAC IP…
 */
import { createFrameSender } from "../../nodeagent/gate/frame-sender.ts";
import { probeFrame } from "../../nodeagent/gate/frames.ts";

const EVERY_MS = 10;
const [index = "", mac = "", ...ips] = process.argv.slice(2);
const sender = createFrameSender(Number(index), (reason) => console.error(reason));
setInterval(() => sender.send(ips.map((ip) => probeFrame(mac, ip))), EVERY_MS);
