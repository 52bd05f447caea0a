/** What an attacker has: raw sockets, tokens of their own making, and other settings of the same system. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createLogger } from '../../cli/logger.ts';
import { startService } from '../../main.ts';
import type { Service } from '../../main.ts';
import { configOf } from '../support/system.ts';
import type { Reply, TestSystem } from '../support/system.ts';

/** A further process on the same servers, with settings of its own; a gateway unless they say otherwise. */
export async function beside(system: TestSystem, env: Readonly<Record<string, string>>): Promise<Service> {
  const config = configOf({ ...system.env, ROLES: 'gateway', PUBLIC_URL: system.url, ...env });
  return startService({ config, log: createLogger({ level: 'silent', roles: config.ROLES }) });
}

/** The whole answer to bytes that no HTTP client would send. */
export async function raw(url: string, ...pieces: readonly string[]): Promise<string> {
  const socket = await opened(url);
  const answer = answerOf(socket);
  for (const piece of pieces) socket.write(piece, 'latin1');
  return answer;
}

export async function opened(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  return socket;
}

/** Everything until the server closes. */
export async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}

/** Status and problem code of a raw answer. */
export function said(answer: string): string {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'nothing';
  return `${status} ${/"code":"(\w+)"/.exec(answer)?.[1] ?? ''}`.trim();
}

export function outcome({ status, body }: Reply): string {
  return typeof body['code'] === 'string' ? `${String(status)} ${body['code']}` : String(status);
}

/** How often each outcome came. */
export function tally(outcomes: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const one of outcomes) counts.set(one, (counts.get(one) ?? 0) + 1);
  return Object.fromEntries(counts);
}

export function times<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)));
}
