import { request, type IncomingMessage } from 'node:http';

/** One server-sent event. */
export interface ToldEvent {
  readonly event: string;
  readonly data: unknown;
}

/** A client that listens to server-sent events. */
export interface Listening {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: readonly ToldEvent[];
  /** What is no event: signs of life. */
  readonly comments: readonly string[];
  /** How the stream has ended; `undefined` while it is open. */
  readonly ended: () => 'ended' | 'cut' | undefined;
  /** Reads nothing any more. */
  pause(): void;
  resume(): void;
  leave(): void;
}

/** Opens a stream of events; resolves when its headers are there. */
export function listen(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      resolve(receive(incoming, () => void outgoing.destroy()));
    });
    outgoing.end();
  });
}

function receive(incoming: IncomingMessage, leave: () => void): Listening {
  const events: ToldEvent[] = [];
  const comments: string[] = [];
  let rest = '';
  let ended: 'ended' | 'cut' | undefined;
  incoming.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined && data !== undefined) events.push({ event, data: JSON.parse(data) });
      else comments.push(block);
    }
  });
  incoming.on('error', () => undefined);
  incoming.on('close', () => {
    ended = incoming.complete ? 'ended' : 'cut';
  });
  const { statusCode: status = 0, headers } = incoming;
  const flow = { pause: () => void incoming.pause(), resume: () => void incoming.resume() };
  return { status, headers, events, comments, ended: () => ended, ...flow, leave };
}
