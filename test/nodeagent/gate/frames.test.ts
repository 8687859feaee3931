import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { announcementFrames, FRAME_BYTES, probeFrame } from "../../../nodeagent/gate/frames.ts";

const MAC = "02:00:00:00:00:0a";
const ETHERNET = "ffffffffffff 02000000000a 0806 0001 0800 06 04";
const hex = (text: string) => text.replaceAll(/\s/g, "");

describe("frames, byte for byte", () => {
  // The ICMPv6 checksums are those that tcpdump -vv calls correct.
  test.each([
    {
      name: "IPv4: announced as a request",
      frame: announcementFrames(MAC, "192.168.1.100")[0],
      bytes: `${ETHERNET} 0001 02000000000a c0a80164 000000000000 c0a80164`,
    },
    {
      name: "IPv4: announced as a reply",
      frame: announcementFrames(MAC, "192.168.1.100")[1],
      bytes: `${ETHERNET} 0002 02000000000a c0a80164 ffffffffffff c0a80164`,
    },
    {
      name: "IPv4: probed without a sender's address",
      frame: probeFrame(MAC, "192.168.1.100"),
      bytes: `${ETHERNET} 0001 02000000000a 00000000 000000000000 c0a80164`,
    },
    {
      name: "IPv6: advertised to all nodes, overriding, from the address itself",
      frame: announcementFrames(MAC, "fd00:1::100")[0],
      bytes: `333300000001 02000000000a 86dd 60000000 0020 3a ff
        fd000001000000000000000000000100 ff020000000000000000000000000001
        88 00 5892 20000000 fd000001000000000000000000000100 02 01 02000000000a`,
    },
    {
      name: "IPv6: solicited from nobody, to the address's own group",
      frame: probeFrame(MAC, "fd00:1::12:3456"),
      bytes: `3333ff123456 02000000000a 86dd 60000000 0018 3a ff
        00000000000000000000000000000000 ff0200000000000000000001ff123456
        87 00 14d6 00000000 fd000001000000000000000000123456`,
    },
  ])("$name", ({ frame, bytes }) => {
    expect(frame?.toString("hex")).toBe(hex(bytes).padEnd(2 * FRAME_BYTES, "0"));
  });
});

test("frames of any address have one length", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
      for (const frame of [...announcementFrames(MAC, ip), probeFrame(MAC, ip)])
        expect(frame).toHaveLength(FRAME_BYTES);
    }),
  );
});

test("the sum over an ICMPv6 message with its checksum is zero, as receivers verify it", () => {
  fc.assert(
    fc.property(fc.ipV6(), (ip) => {
      for (const frame of [...announcementFrames(MAC, ip), probeFrame(MAC, ip)]) {
        const length = frame.readUInt16BE(18);
        const sum = onesComplementSum(frame.subarray(22, 54 + length)) + length + 58;
        expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
      }
    }),
  );
});

function onesComplementSum(bytes: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset);
  return (sum & 0xffff) + (sum >>> 16);
}
