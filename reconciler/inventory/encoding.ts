import { InventoryProblem } from "./problem.ts";

const UTF8_MARK = Buffer.from("\uFEFF");
const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

/**
 * The same bytes without a byte order mark.
 * @throws InventoryProblem for UTF-16.
 */
export async function* utf8Chunks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let beginning: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (beginning === undefined) yield chunk;
    else {
      beginning = Buffer.concat([beginning, chunk]);
      if (beginning.length < UTF8_MARK.length) continue;
      yield withoutMark(beginning);
      beginning = undefined;
    }
  }
  if (beginning !== undefined) yield withoutMark(beginning);
}

function withoutMark(beginning: Buffer): Buffer {
  if (UTF16_MARKS.some((mark) => mark.equals(beginning.subarray(0, mark.length)))) {
    throw new InventoryProblem("UTF-16, which PowerShell writes after `>`; save it as UTF-8", { line: 1, column: 1 });
  }
  const marked = UTF8_MARK.equals(beginning.subarray(0, UTF8_MARK.length));
  return marked ? beginning.subarray(UTF8_MARK.length) : beginning;
}
