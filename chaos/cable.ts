/**
 * A TCP cable between two parts of the system, which can be cut, held in one or both ways, or made to change what comes back.
 *
 * B1  A held way keeps every byte and every goodbye in its order and delivers them when the cable is healed, as a network does whose packets
 *     are sent again: what was under way arrives late, not never.
 * B2  A cut ends all connections at once and lets nobody in until the cable is healed.
 */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** `there`: from whoever connects to the server; `back`: its answers. */
export type Way = 'there' | 'back';
export type Hold = Way | 'both';

/** What the caller sees in place of an answer; null: the connection ends. */
type Answer = (answer: Buffer) => Buffer | null;
/** Looks at what is sent; null: its answer is left as it is. */
export type Tamper = (sent: Buffer) => Answer | null;

export interface Cable {
  readonly name: string;
  readonly port: number;
  cut(): void;
  hold(ways: Hold): void;
  tamper(with_: Tamper): void;
  /** Answers that were changed or lost since the cable was healed last. */
  tampered(): number;
  heal(): void;
  close(): Promise<void>;
}

/** Of all of these. */
export function tamperedOf(cables: readonly Cable[]): number {
  return cables.reduce((count, cable) => count + cable.tampered(), 0);
}

interface State {
  isCut: boolean;
  readonly held: Set<Way>;
  tamper: Tamper | null;
  tampered: number;
  readonly lines: Set<Line>;
}

/** Begins to listen; connections lead to the port, whether or not somebody serves there already. */
export async function startCable(name: string, target: number): Promise<Cable> {
  const state: State = { isCut: false, held: new Set(), tamper: null, tampered: 0, lines: new Set() };
  const server = createServer((caller) => {
    if (state.isCut) caller.destroy();
    else state.lines.add(new Line(caller, connect(target, '127.0.0.1'), state));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const endAll = (): void => {
    for (const line of state.lines) line.end();
  };
  return {
    ...{ name, port },
    cut() {
      state.isCut = true;
      endAll();
    },
    hold(ways) {
      for (const way of ['there', 'back'] as const) if (ways === way || ways === 'both') state.held.add(way);
    },
    tamper(with_) {
      state.tampered = 0;
      state.tamper = with_;
    },
    tampered: () => state.tampered,
    heal() {
      state.isCut = false;
      state.tamper = null;
      state.held.clear();
      for (const line of state.lines) line.release();
    },
    async close() {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One connection through the cable. */
class Line {
  readonly #caller: Socket;
  readonly #server: Socket;
  readonly #state: State;
  readonly #waiting: Record<Way, (() => void)[]> = { there: [], back: [] };
  #answer: Answer | null = null;

  constructor(caller: Socket, server: Socket, state: State) {
    this.#caller = caller;
    this.#server = server;
    this.#state = state;
    this.#carry('there', (data) => {
      this.#answer ??= state.tamper?.(data) ?? null;
      server.write(data);
    });
    this.#carry('back', (data) => {
      this.#back(data);
    });
  }

  end(): void {
    this.#state.lines.delete(this);
    this.#caller.destroy();
    this.#server.destroy();
  }

  /** Delivers what was held (B1). */
  release(): void {
    for (const way of ['there', 'back'] as const) for (const one of this.#waiting[way].splice(0)) one();
  }

  #carry(way: Way, deliver: (data: Buffer) => void): void {
    const from = way === 'there' ? this.#caller : this.#server;
    const inOrder = (act: () => void): void => {
      if (this.#state.held.has(way)) this.#waiting[way].push(act);
      else act();
    };
    from.setNoDelay(true);
    from.on('data', (data) => {
      inOrder(() => {
        deliver(data);
      });
    });
    from.on('error', () => undefined); // its close follows
    from.on('close', () => {
      inOrder(() => {
        this.end();
      });
    });
  }

  #back(data: Buffer): void {
    const answer = this.#answer;
    this.#answer = null;
    if (answer === null) {
      this.#caller.write(data);
      return;
    }
    this.#state.tampered += 1;
    const seen = answer(data);
    if (seen === null) this.end();
    else this.#caller.write(seen);
  }
}
