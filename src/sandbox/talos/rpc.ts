/**
 * The protocol inside TLS, in the place of gRPC: frames of JSON. The server speaks first, as an HTTP/2
 * server does with its preface: that it is ready, or the TLS alert that Go would have sent. Node's TLS server
 * cannot send alerts of its own, and with TLS 1.3 the client sees a refusal on its first read anyway (TA 8.2).
 */
export type Preface = { readonly ready: true } | Refusal;

/** The alert, and how the client comes to know of it. */
export interface Refusal {
  readonly alert: string;
  readonly seen: RefusalText;
}

/**
 * Whether the client reads the alert before its own first write finds the connection closed is a race in grpc-go, and
 * each outcome has its text. Here the server draws which, so that a seed repeats a run.
 */
export type RefusalText = "alert" | "broken pipe" | "connection reset by peer" | "EOF";

export interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
  /** gRPC metadata `node`: the machine that is meant. */
  readonly node?: string;
  /** gRPC metadata `talos-role`, from one apid to the next. */
  readonly roles?: readonly string[];
  /** gRPC metadata `proxyfrom`: has been forwarded once. */
  readonly proxyfrom?: string;
}

export type RpcReply =
  | { readonly id: number; readonly result: unknown; readonly truncate?: true }
  | { readonly id: number; readonly error: { readonly code: GrpcCode; readonly desc: string } };

export type GrpcCode =
  | "AlreadyExists"
  | "DeadlineExceeded"
  | "FailedPrecondition"
  | "Internal"
  | "InvalidArgument"
  | "NotFound"
  | "PermissionDenied"
  | "Unauthenticated"
  | "Unavailable"
  | "Unimplemented"
  | "Unknown";

/** A gRPC status, with grpc-go's text. */
export class RpcError extends Error {
  readonly code: GrpcCode;
  readonly desc: string;

  constructor(code: GrpcCode, desc: string) {
    super(`rpc error: code = ${code} desc = ${desc}`);
    this.code = code;
    this.desc = desc;
  }
}
