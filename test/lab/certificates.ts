/** A certificate authority for one lab, made with openssl: one server certificate, one client certificate per node. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** Longer than any lab lives. */
const VALID_DAYS = "30";

export interface CertificatePaths {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * @param serverIP goes into the server certificate as subject alternative name.
 * @returns where the files of `control` and of each node are; keys are readable by their owner only.
 */
export async function makeCertificates(
  directory: string,
  serverIP: string,
  nodes: readonly string[],
): Promise<(name: string) => CertificatePaths> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (file: string): string => join(directory, file);
  const openssl = (args: string[]) => execa("openssl", args);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl([
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    path("ca.key"),
    "-out",
    path("ca.crt"),
    "-days",
    VALID_DAYS,
    "-subj",
    "/CN=sallyport-lab",
  ]);
  const issue = async (name: string, extensions: string): Promise<void> => {
    await openssl([
      "req",
      ...newKey,
      "-keyout",
      path(`${name}.key`),
      "-out",
      path(`${name}.csr`),
      "-subj",
      `/CN=${name}`,
    ]);
    await writeFile(path(`${name}.ext`), `${extensions}\n`);
    await openssl([
      "x509",
      "-req",
      "-in",
      path(`${name}.csr`),
      "-CA",
      path("ca.crt"),
      "-CAkey",
      path("ca.key"),
      "-out",
      path(`${name}.crt`),
      "-days",
      VALID_DAYS,
      "-extfile",
      path(`${name}.ext`),
    ]);
  };
  await Promise.all([
    issue("control", `subjectAltName=IP:${serverIP}\nextendedKeyUsage=serverAuth`),
    ...nodes.map((node) => issue(node, "extendedKeyUsage=clientAuth")),
  ]);
  return (name) => ({ ca: path("ca.crt"), cert: path(`${name}.crt`), key: path(`${name}.key`) });
}
