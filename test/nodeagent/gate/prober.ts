/**
 * Asks for the floating IPs every few milliseconds, as all neighbours together might.
 *
 *     node prober.ts DEVICE
 */
import { createFrameSender } from "../../../nodeagent/gate/frame-sender.ts";
import { probeFrame } from "../../../nodeagent/gate/frames.ts";
import { type Device, FLOATING, FLOATING6 } from "./segment.ts";

const EVERY_MS = 4;
const { index, mac } = JSON.parse(process.argv[2] ?? "") as Device;
const sender = createFrameSender(index, (reason) => console.error(reason));
setInterval(() => sender.send([probeFrame(mac, FLOATING), probeFrame(mac, FLOATING6)]), EVERY_MS);
