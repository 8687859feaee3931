import { request } from "node:http";

/**
 * One HTTP request over a unix socket.
 * @throws Error when nobody listens or the answer is not 200 with JSON.
 */
export function requestJson<T>(socketPath: string, path: string, method = "GET"): Promise<T> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, method }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("error", reject);
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as T);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    })
      .on("error", reject)
      .end();
  });
}
