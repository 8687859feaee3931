import { describe, expect, test } from "vitest";
import { GitError } from "../../reconciler/source/failure.ts";
import { assertWhole, packetLine, readPackets } from "../../reconciler/source/pktline.ts";

describe("packet lines", () => {
  test.each([
    { text: "", yields: [] },
    { text: "0000", yields: ["flush"] },
    { text: "000100020000", yields: ["delimiter", "response-end", "flush"] },
    { text: "0006a\n0004000Abcdef\n", yields: ["a\n", "", "bcdef\n"] },
  ])("$text", ({ text, yields }) => {
    const packets = [...readPackets(Buffer.from(text))].map((packet) => packet.toString());
    expect(packets).toEqual(yields);
  });

  test.each(["0003", "00", "0008abc", "<htm", "-001", "0x10", "000g"])("%s is refused", (text) => {
    expect(() => [...readPackets(Buffer.from(text))]).toThrow(GitError);
  });

  test("the length counts bytes, not characters", () => {
    expect(packetLine("é\n")).toBe("0007é\n");
  });
});

describe("a whole answer", () => {
  const service = packetLine("# service=git-upload-pack\n");
  test.each([
    { name: "ends in a flush", text: `${packetLine("version 2\n")}0000`, whole: true },
    {
      name: "version 1 has a second flush",
      text: `${service}0000${packetLine("0 capabilities^{}\n")}0000`,
      whole: true,
    },
    { name: "no reference at all", text: "0000", whole: true },
    { name: "nothing", text: "", whole: false },
    { name: "only the flush after the service line", text: `${service}0000`, whole: false },
    { name: "no flush", text: packetLine("version 2\n"), whole: false },
    { name: "a delimiter is no flush", text: `${packetLine("packfile\n")}0001`, whole: false },
    { name: "ends inside a packet", text: `${packetLine("version 2\n")}00`, whole: false },
  ])("$name: $whole", ({ text, whole }) => {
    const check = () => assertWhole(Buffer.from(text));
    if (whole) expect(check).not.toThrow();
    else expect(check).toThrow("cut off");
  });
});
