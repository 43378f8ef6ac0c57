import type { FieldProblem, Problem } from "./types.js";

interface Circumstances {
  retryAfter?: number | undefined;
  /** What the network failed with. */
  cause?: unknown;
}

/**
 * Everything that can fail. Match on `code`; the server's are listed at `/api/problems`, and here there are two more:
 * `unreachable` (no answer; `status` is 0) and `unexpected_answer` (not one of this API: usually a proxy's).
 */
export class AeontelError extends Error {
  override readonly name = "AeontelError";
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  /** What is wrong with each field, when the input was. */
  readonly errors: readonly FieldProblem[];
  /** Under which the server's log has it. */
  readonly requestId: string | undefined;
  /** Seconds to wait, when the server said so. */
  readonly retryAfter: number | undefined;
  /** All that the server said: some problems have more, such as the `limit` of `file_too_large`. */
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem> = {}, { retryAfter, cause }: Circumstances = {}) {
    const code = problem.code ?? (status === 0 ? "unreachable" : "unexpected_answer");
    const answer = status === 0 ? "The server did not answer." : `The server did not answer as it should (${status}).`;
    const detail = problem.detail ?? answer;
    super(detail, { cause });
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.errors = problem.errors ?? [];
    this.requestId = problem.instance;
    this.retryAfter = retryAfter;
    this.problem = problem;
  }
}

/** The failure that an answer tells of; `header` reads one of its headers. */
export function failure(status: number, text: string, header: (name: string) => string | null): AeontelError {
  const wait = Number(header("Retry-After") ?? NaN);
  return new AeontelError(status, parsed<Problem>(text), { retryAfter: Number.isFinite(wait) ? wait : undefined });
}

/** JSON of an object, or undefined. */
export function parsed<T extends object>(text: string): T | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? (found as T) : undefined;
  } catch {
    return undefined;
  }
}
