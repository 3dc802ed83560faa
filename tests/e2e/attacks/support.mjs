// What every attack needs: bytes to and from the server, answers compared byte for byte, and the tally.
import assert from 'node:assert/strict';
import net from 'node:net';

const ANSWER_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** @typedef {{status: number, line: string, fields: [string, string][], body: Buffer}} Answer */

/** The first answer in `bytes`, with how many bytes it takes; undefined while it is not all there. */
export function parseAnswer(bytes, method = 'GET') {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) {
    return undefined;
  }
  const [line, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const fields = lines.map((text) => {
    const colon = text.indexOf(':');
    return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
  });
  const status = Number(line.split(' ')[1]);
  const length = Number(fields.find(([name]) => name === 'content-length')?.[1] ?? 0);
  const size = method === 'HEAD' || status === 304 || status < 200 ? 0 : length;
  const begin = end + END_OF_HEAD.length;
  if (bytes.length < begin + size) {
    return undefined;
  }
  return { answer: { status, line, fields, body: bytes.subarray(begin, begin + size) }, size: begin + size };
}

/** One connection; requests are bytes, answers come in order. */
class Connection {
  #socket;
  #bytes = Buffer.alloc(0);
  #wake = () => {};
  ended = false;

  constructor(port) {
    this.#socket = net.connect({ host: '127.0.0.1', port });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (part) => {
      this.#bytes = Buffer.concat([this.#bytes, part]);
      assert(this.#bytes.length <= ANSWER_BYTES_MAX, 'the answer is too large');
      this.#wake();
    });
    // A reset is an end like another: the server may be done with this peer.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
  }

  write(bytes) {
    if (!this.#socket.destroyed) {
      this.#socket.write(bytes);
    }
  }

  #change(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The next answer; undefined when the connection ends, or nothing comes in time, before it is whole. */
  async answer(method, ms = ANSWER_MS_MAX) {
    const deadline = Date.now() + ms;
    for (;;) {
      const parsed = parseAnswer(this.#bytes, method);
      if (parsed) {
        this.#bytes = this.#bytes.subarray(parsed.size);
        return parsed.answer;
      }
      if (this.ended || Date.now() >= deadline) {
        return undefined;
      }
      await this.#change(deadline - Date.now());
    }
  }

  /** Waits until the server closes. Whether it did. */
  async end(ms = ANSWER_MS_MAX) {
    const deadline = Date.now() + ms;
    while (!this.ended && Date.now() < deadline) {
      await this.#change(deadline - Date.now());
    }
    return this.ended;
  }

  /** What came and was not taken as an answer. */
  rest() {
    return this.#bytes;
  }

  /** Reads no more. */
  pause() {
    this.#socket.pause();
  }

  close() {
    this.#socket.destroy();
  }
}

/** The server under attack. */
export class Target {
  connections = 0;

  constructor(port) {
    this.port = port;
  }

  connect() {
    this.connections += 1;
    return new Connection(this.port);
  }

  /** @returns {Promise<Answer[]>} all that come for these bytes until the server closes or falls silent */
  async raw(bytes, { quietMs = 300, method } = {}) {
    const connection = this.connect();
    connection.write(bytes);
    const answers = [];
    for (let ms = ANSWER_MS_MAX; ; ms = quietMs) {
      const answer = await connection.answer(method, ms);
      if (answer === undefined) {
        break;
      }
      answers.push(answer);
    }
    assert.equal(connection.rest().length, 0, 'half an answer');
    connection.close();
    return answers;
  }

  /**
   * One request on a connection of its own.
   * @param {string} path as it goes onto the wire
   * @param {{token?: string, method?: string, fields?: string[], body?: string | Buffer}} [options]
   *   `fields`: further lines of the header, as they are
   * @returns {Promise<Answer>}
   */
  async ask(path, options = {}) {
    const connection = this.connect();
    connection.write(requestBytes(path, { ...options, fields: [...(options.fields ?? []), 'Connection: close'] }));
    const answer = await connection.answer(options.method);
    connection.close();
    assert(answer, `no answer to ${options.method ?? 'GET'} ${path.slice(0, 200)}`);
    return answer;
  }
}

/** The bytes of a request. */
export function requestBytes(path, { token, method = 'GET', fields = [], body } = {}) {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1'];
  if (token !== undefined) {
    lines.push(`Authorization: Bearer ${token}`);
  }
  lines.push(...fields);
  if (body !== undefined) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body ?? '')]);
}

/** The value of a field. */
export function field(answer, name) {
  return answer.fields.find(([given]) => given === name)?.[1];
}

/** The JSON an answer holds. */
export function json(answer) {
  return JSON.parse(answer.body.toString('utf8'));
}

// The same in each answer but for what is drawn anew: when, and the receipt's number.
const DRAWN = { date: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'x-receipt': /^\d+-[0-9a-f]{32}$/ };

/** All of an answer, as text to compare. Of each pair in `alike` [text, name] the text becomes the name. */
export function shape(answer, alike = []) {
  const fields = answer.fields.map(([name, value]) => {
    if (DRAWN[name]) {
      assert.match(value, DRAWN[name]);
      return name;
    }
    return `${name}: ${value}`;
  });
  let text = [answer.line, ...fields, '', answer.body.toString('latin1')].join('\n');
  for (const [given, name] of alike) {
    text = text.replaceAll(given, name);
  }
  return text;
}

/** Asserts that nobody could tell the two answers apart. */
export function assertAlike(one, other, alike = []) {
  assert.equal(shape(one, alike), shape(other, alike));
}

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const tally = { done: 0, failed: [] };

/** Runs one attack; one that succeeds is told at the end and does not hinder the others. */
export async function attack(name, run) {
  try {
    await run();
    tally.done += 1;
  } catch (error) {
    tally.failed.push(name);
    console.log(`BROKEN ${name}\n${error.stack}\n`);
  }
}

/** Prints how it went. Whether every attack was repelled. */
export function conclude({ connections }) {
  console.log(tally.failed.length === 0
    ? `attack: ${tally.done} attacks over ${connections} connections repelled`
    : `attack: ${tally.failed.length} of ${tally.done + tally.failed.length} broke something: ${tally.failed.join('; ')}`);
  return tally.failed.length === 0;
}
