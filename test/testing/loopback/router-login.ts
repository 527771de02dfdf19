import { createHash } from "node:crypto";
import type { LoopbackServer } from "../../../src/testing/index.ts";
import type { RawClient } from "../../raw-client.ts";
import { base64, dial, ROUTER, STREAM } from "./scene.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";

/** The header of a service's stream. */
export const ROUTER_HEADER = `<stream:stream xmlns='${ROUTER}' xmlns:stream='${STREAM}' to='jabberd-router' version='1.0'>`;

const md5 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The response to a challenge of the router, and the proof it must answer with (RFC 2831, 2.1.2.1). */
function digest(challenge: string, password: string) {
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? "";
  const secret = md5(`jabberd:jabberd-router:${password}`);
  const a1 = md5(secret, `:${nonce}:cn0nce`).toString("hex");
  const value = (a2: string): string =>
    md5(`${a1}:${nonce}:00000001:cn0nce:auth:${md5(a2).toString("hex")}`).toString("hex");
  return {
    response: `charset=utf-8,username="jabberd",realm="jabberd-router",nonce="${nonce}",nc=00000001,cnonce="cn0nce",digest-uri="jabberd-router/localhost",response=${value("AUTHENTICATE:jabberd-router/localhost")},qop=auth`,
    proof: `rspauth=${value(":jabberd-router/localhost")}`,
  };
}

/** Asks for DIGEST-MD5, and answers the challenge; returns the proof that the router must give. */
export async function answerChallenge(client: RawClient, password: string): Promise<string> {
  await client.play(`
    C: <auth xmlns='${SASL}' mechanism='DIGEST-MD5'/>
    S: <challenge xmlns='${SASL}'>{challenge}</challenge>
  `);
  const challenge = Buffer.from(client.notes.challenge ?? "", "base64").toString();
  const { response, proof } = digest(challenge, password);
  client.say(`<response xmlns='${SASL}'>${base64(response)}</response>`);
  return proof;
}

/** A service that has logged in, and has bound no name. */
export async function enter(server: LoopbackServer): Promise<RawClient> {
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${ROUTER_HEADER}
    S: <?xml …</stream:features>
  `);
  const proof = await answerChallenge(client, "router-secret");
  await client.play(`
    S: <success xmlns='${SASL}'>${base64(proof)}</success>
    C: ${ROUTER_HEADER}
    S: <?xml …<stream:stream …><stream:features/>
  `);
  return client;
}
