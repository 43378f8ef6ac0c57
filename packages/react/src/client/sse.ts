/** One message of an event stream. */
export interface Message {
  event: string;
  data: string;
  id: string | undefined;
}

const LONGEST = 1024 * 1024;

/** Server-Sent Events (WHATWG HTML, section 9.2) out of a body. `onChunk` is told of anything at all, heartbeats too. */
export async function* messages(body: ReadableStream<Uint8Array>, onChunk: () => void): AsyncGenerator<Message> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let message: Message = { event: "", data: "", id: undefined };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onChunk();
      buffer += decoder.decode(value, { stream: true });
      if (buffer.length > LONGEST) throw new Error("a line of the event stream does not end");
      // A carriage return at the end may be the first half of a line's end.
      const lines = buffer.split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        if (line !== "") {
          read(line, message);
          continue;
        }
        if (message.data) yield { ...message, data: message.data.slice(0, -1) };
        message = { event: "", data: "", id: message.id };
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // already ended, or aborted
  }
}

function read(line: string, into: Message): void {
  const colon = line.indexOf(":");
  if (colon === 0) return; // a comment
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (field === "data") into.data += `${value}\n`;
  else if (field === "event") into.event = value;
  else if (field === "id" && !value.includes("\0")) into.id = value;
}
