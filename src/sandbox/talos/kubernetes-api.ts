import type { X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { organizationsOf, verifyCertificate } from "./go-verify.ts";

/** Who calls a kube-apiserver. */
export interface ApiServerCaller {
  readonly groups: readonly string[];
}

/** `null` when there is a certificate and it is not accepted: then nothing at all is answered but 401. */
export function authenticate(
  request: IncomingMessage,
  authorities: readonly X509Certificate[],
  now: number,
): ApiServerCaller | null {
  const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
  if (certificate === undefined) return { groups: ["system:unauthenticated"] };
  const problem = verifyCertificate(certificate, { roots: authorities, now, usage: "clientAuth" });
  return problem === null ? { groups: organizationsOf(certificate) } : null;
}

export function answer(
  response: ServerResponse,
  result: { readonly status: number; readonly body: unknown } | null,
): void {
  const { status, body } = result ?? apiFailure(401, "Unauthorized", "Unauthorized");
  const isText = typeof body === "string";
  response.writeHead(status, {
    "content-type": isText ? "text/plain; charset=utf-8" : "application/json",
    connection: "close",
  });
  response.end(isText ? body : JSON.stringify(body));
}

export function apiFailure(code: number, reason: string, message: string): { status: number; body: unknown } {
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
  };
}
