/** One event of a stream. */
export interface Message {
  event: string;
  data: string;
}

/** Takes server-sent events out of text that comes in pieces. */
export class EventParser {
  /** How long the server asks to wait before the next stream, in milliseconds; undefined until it does. */
  retry: number | undefined;
  #rest = "";
  #event = "";
  #data: string[] = [];

  /** Takes in a piece of text and returns the events that it has completed. Comments and ids are passed over. */
  push(text: string): Message[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const messages: Message[] = [];
    for (const whole of lines) {
      const line = whole.endsWith("\r") ? whole.slice(0, -1) : whole;
      if (line !== "") {
        this.#take(line);
        continue;
      }
      if (this.#data.length > 0) messages.push({ event: this.#event || "message", data: this.#data.join("\n") });
      this.#event = "";
      this.#data = [];
    }
    return messages;
  }

  /** Takes in one field. */
  #take(line: string): void {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "event") this.#event = value;
    if (name === "data") this.#data.push(value);
    if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }
}
