import { MAIN_TABLE } from "../../nodeagent/constants.ts";
import { createNft } from "../../nodeagent/kernel/nft/nft.ts";
import { contract, declaration } from "./nft-contract.ts";

const nft = createNft();
const outcome: Record<string, string> = {};
for (const { name, run } of contract) {
  await nft.install(declaration);
  outcome[name] = await run(nft).then(
    () => "holds",
    (error: Error) => error.message,
  );
}
await nft.remove(MAIN_TABLE);
console.log(JSON.stringify(outcome));
