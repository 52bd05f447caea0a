// `ironwallet demo`: everything real but the provider and the bank, which are fakes that speak the real wire formats.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort } from '../mocks/servers/own-process.ts';
import { playLines } from './demo/play.ts';
import { startDemoSystem } from './demo/processes.ts';
import type { DemoSystem } from './demo/processes.ts';
import { tellStory } from './demo/story.ts';
import { reasonOf, say } from './text.ts';

const PORT = 8080;
const ALIVE_MS = 60_000;

export interface DemoOptions {
  readonly exit?: boolean;
  /** Of the gateway; without it 8080, or a free one when that is taken. */
  readonly port?: number;
}

/** With `exit`: ends after the story, with code 0 only if every step came out and the proof's difference is zero. */
export async function demo({ exit = false, port }: DemoOptions): Promise<void> {
  let system: DemoSystem | null = null;
  try {
    system = await startDemoSystem(await gatewayPort({ exit, port }));
    const wallet = await tellStory(system);
    if (!exit) await keepServing(await playLines(system, wallet));
  } catch (error) {
    for (const line of system?.lastLines() ?? []) process.stderr.write(`${line}\n`);
    process.stderr.write(`\n✗ ${reasonOf(error)}\n`);
    process.exitCode = 1;
  } finally {
    await system?.stop();
  }
  process.exit();
}

async function gatewayPort({ exit, port }: { readonly exit: boolean; readonly port: number | undefined }): Promise<number> {
  if (exit && port === undefined) return freePort();
  if (await isFree(port ?? PORT)) return port ?? PORT;
  if (port !== undefined) throw new Error(`port ${String(port)} is taken: choose another by --port, or leave it out`);
  say(`Port ${String(PORT)} is taken: the gateway gets a free one.`);
  return freePort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}

async function keepServing(lines: readonly string[]): Promise<void> {
  for (const line of lines) say(line);
  // The servers do not keep this process alive, and neither do listeners for signals.
  const alive = setInterval(() => undefined, ALIVE_MS);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(alive);
  say('\nending');
}
